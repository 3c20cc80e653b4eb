use super::*;
use crate::attach::OBJECT;

#[test]
fn no_program_of_the_object_can_harm_another_one() {
    let found: Vec<String> = hazards(OBJECT).unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(found, Vec::<String>::new());
}
