//! With a relay the answer says what was received, not the receipt alone.

use super::common::{Batch, World};
use spanfate_model::fate::Fate;
use spanfate_model::format::wire::{Disposition, RECORD_BYTES};

/// Concludes a world whose one span came through a relay, with what the answer record says of the endpoint; none: cut off.
fn fates(batch: Batch, said: Option<u8>) -> (Vec<Fate>, u64) {
    let span = super::common::started().queued().exported(0).on_wire(&[Disposition::Accepted]);
    let world = World { spans: vec![span], batches: vec![batch], ..World::default() };
    let plan = world.plan();
    let mut logs = world.logs(&plan);
    let mut wire = logs.wire.as_deref().unwrap().to_vec();
    wire[16] = 1;
    let answer = (0..wire.len()).step_by(RECORD_BYTES).find(|at| wire[*at] == 3).unwrap();
    match said {
        Some(said) => wire[answer + 3] = said,
        None => wire.truncate(answer),
    }
    logs.wire = Some(wire.into());
    let ledger = super::common::conclude(&plan, &logs).0.ledger;
    (ledger.fates.keys().copied().collect(), ledger.unaccounted.count)
}

#[test]
fn a_span_is_received_if_the_endpoint_took_it() {
    let failed = || Batch::Failed("rpc error: code = Unavailable desc = down".to_owned());
    assert_eq!(fates(Batch::Ok, Some(1)), (vec![Fate::Received], 0));
    for said in [2, 3] {
        let (fates, unaccounted) = fates(failed(), Some(said));
        assert!(unaccounted == 0 && fates.len() == 1 && fates[0] != Fate::Received, "{fates:?}");
    }
    assert_eq!(fates(Batch::Ok, None), (vec![], 1));
}
