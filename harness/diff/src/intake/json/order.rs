//! Keys that come in the order in which they came before.

use super::JsonText;
use crate::intake::window::ReadPiece;

/// Keys that are remembered, and the longest of them with what stands before and behind it.
const MOST_KEYS: usize = 32;
const LONGEST: usize = 64;
/// Keys that may be missing one after the other.
const MISSING: usize = 2;

/// The keys that objects of one sort had so far, in their order. Nearly all have the same keys in the same order, so that a text is
/// compared where a key would be read and looked up.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyOrder(Vec<KnownKey>);

#[derive(Clone, Debug)]
struct KnownKey {
    /// All from the end of the value before up to its own value.
    text: Vec<u8>,
    number: u32,
    /// It is the first of its object, so that no comma stands before it.
    first: bool,
}

/// How far an object has been read: whether a key has come, and the next one that is expected.
pub(crate) struct KeyPlace {
    first: bool,
    next: usize,
}

impl KeyPlace {
    pub(crate) const BEGIN: Self = Self { first: true, next: 0 };
}

impl KeyOrder {
    /// The key that stands at the begin of this, and where it is among those that are known.
    #[inline]
    fn find(&self, rest: &[u8], place: &KeyPlace) -> Option<(usize, &KnownKey)> {
        if rest.first() == Some(&b'}') {
            return None;
        }
        let mut expected = self.0.get(place.next..)?.iter().take(MISSING + 1);
        let ahead = expected.position(|key| key.first == place.first && rest.starts_with(&key.text))?;
        let at = place.next + ahead;
        Some((at, self.0.get(at)?))
    }

    /// Notes a key that was not expected there; gives the place of the one behind it.
    #[cold]
    fn learn(&mut self, text: &[u8], number: u32, place: &KeyPlace) -> usize {
        let known = |key: &KnownKey| key.first == place.first && key.text == text;
        if let Some(at) = self.0.iter().position(known) {
            return at + 1;
        }
        if self.0.len() < MOST_KEYS && text.len() <= LONGEST {
            let at = place.next.min(self.0.len());
            self.0.insert(at, KnownKey { text: text.to_vec(), number, first: place.first });
            return at + 1;
        }
        place.next
    }
}

impl JsonText<'_> {
    /// The next key of an object that has begun, by the number that `number_of` gives it; nothing at its end.
    #[inline]
    pub(crate) fn numbered_key(
        &mut self,
        place: &mut KeyPlace,
        order: &mut KeyOrder,
        number_of: impl Fn(&[u8]) -> u32,
    ) -> ReadPiece<Option<u32>> {
        let from = self.at;
        let rest = self.all.get(from..).unwrap_or_default();
        if let Some((at, key)) = order.find(rest, place) {
            self.at += key.text.len();
            *place = KeyPlace { first: false, next: at + 1 };
            return Ok(Some(key.number));
        }
        let mut first = place.first;
        let Some(key) = self.key(&mut first)? else { return Ok(None) };
        let number = number_of(key);
        let next = order.learn(&self.all[from..self.at], number, place);
        *place = KeyPlace { first: false, next };
        Ok(Some(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, order: &mut KeyOrder) -> ReadPiece<Vec<u32>> {
        let mut json = JsonText::new(text.as_bytes());
        let (mut place, mut out) = (KeyPlace::BEGIN, Vec::new());
        json.object()?;
        let number = |key: &[u8]| u32::from(key[0] - b'a');
        while let Some(key) = json.numbered_key(&mut place, order, number)? {
            out.push(key);
            json.skip()?;
        }
        Ok(out)
    }

    #[test]
    fn keys_are_the_same_whatever_came_before() {
        let texts = [
            r#"{"a":1,"b":2,"c":3,"d":4,"e":5}"#,
            r#"{"a":1,"e":5}"#,
            r#"{"e":1,"d":2,"a":3}"#,
            r#"{"b":1,"b":2}"#,
            "{}",
            "{ \"a\" : 1 ,\n\"b\":2}",
            r#"{"a":1,"f":2,"b":3}"#,
        ];
        for before in texts {
            for then in texts {
                let mut order = KeyOrder::default();
                let fresh = read(then, &mut KeyOrder::default());
                assert!(fresh.is_ok() && read(before, &mut order).is_ok());
                assert_eq!(read(then, &mut order), fresh, "{before} and then {then}");
                assert_eq!(read(then, &mut order), fresh);
            }
        }
    }

    #[test]
    fn what_is_no_object_is_none_whatever_came_before() {
        let mut order = KeyOrder::default();
        for text in [r#"{"a":1,"b":2,"c":3}"#, r#"{"b":1,"a":2}"#, r#"{"c":1,"b":2}"#] {
            assert!(read(text, &mut order).is_ok());
        }
        for text in
            [r#"{,"b":2}"#, r#"{"a":1"b":2}"#, r#"{"a":1,"b"}"#, r#"{"a":1,,"b":2}"#, r#"{"a":1 "b":2}"#]
        {
            assert_eq!(read(text, &mut order), read(text, &mut KeyOrder::default()), "{text}");
            assert!(read(text, &mut order).is_err(), "{text}");
        }
        let many: Vec<String> = (0..200).map(|at| format!("\"b{at}\":{at}")).collect();
        let many = format!("{{{}}}", many.join(","));
        assert_eq!(read(&many, &mut order).map(|keys| keys.len()), Ok(200));
        assert!(order.0.len() <= MOST_KEYS);
    }
}
