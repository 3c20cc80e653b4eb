//! Objects, lists and values of protobuf's JSON mapping, read as they come.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What reads the fields of an object.
pub(super) trait ObjectFields<'de> {
    /// The fields that matter.
    fn names(&self) -> &[&'static str];

    /// Reads the value of one of them.
    fn field<A: MapAccess<'de>>(&mut self, name: usize, map: &mut A) -> Result<(), A::Error>;
}

/// What reads the elements of a list.
pub(super) trait Items<'de> {
    /// Reads one; `None` at the end.
    fn item<A: SeqAccess<'de>>(&mut self, list: &mut A) -> Result<Option<()>, A::Error>;
}

/// An object; `null` is one without fields.
pub(super) struct Object<'x, F>(pub(super) &'x mut F);

impl<'de, F: ObjectFields<'de>> DeserializeSeed<'de> for Object<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de, F: ObjectFields<'de>> Visitor<'de> for Object<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(known) = map.next_key_seed(ObjectKey(self.0.names()))? {
            match known {
                Some(name) => self.0.field(name, &mut map)?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// A list; `null` is an empty one.
pub(super) struct JsonList<'x, I>(pub(super) &'x mut I);

impl<'de, I: Items<'de>> DeserializeSeed<'de> for JsonList<'_, I> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de, I: Items<'de>> Visitor<'de> for JsonList<'_, I> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while self.0.item(&mut list)?.is_some() {}
        Ok(())
    }
}

/// A key; gives its place among the known ones.
struct ObjectKey<'x>(&'x [&'static str]);

impl<'de> DeserializeSeed<'de> for ObjectKey<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Option<usize>, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for ObjectKey<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Option<usize>, E> {
        Ok(self.0.iter().position(|known| *known == key))
    }
}

/// Text; borrowed where it has no escapes.
pub(super) struct JsonText;

impl<'de> DeserializeSeed<'de> for JsonText {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Cow<'de, str>, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for JsonText {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_unit<E: Error>(self) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(""))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// An id of `N` bytes in hexadecimal; an empty one is none.
pub(super) struct Id<const N: usize>;

impl<'de, const N: usize> DeserializeSeed<'de> for Id<N> {
    type Value = Option<[u8; N]>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Option<[u8; N]>, D::Error> {
        from.deserialize_any(self)
    }
}

impl<const N: usize> Visitor<'_> for Id<N> {
    type Value = Option<[u8; N]>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an id of {} hexadecimal digits", 2 * N)
    }

    fn visit_unit<E: Error>(self) -> Result<Option<[u8; N]>, E> {
        Ok(None)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Option<[u8; N]>, E> {
        let digits = text.as_bytes();
        if digits.is_empty() {
            return Ok(None);
        }
        let wrong = || E::custom(format_args!("id does not have {} hexadecimal digits", 2 * N));
        if digits.len() != 2 * N {
            return Err(wrong());
        }
        let mut id = [0; N];
        for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |at: usize| char::from(pair[at]).to_digit(16);
            let (high, low) = digit(0).zip(digit(1)).ok_or_else(wrong)?;
            *byte = (high << 4 | low) as u8;
        }
        Ok(Some(id))
    }
}

/// A whole number of up to 64 bits, as a number or in a string.
pub(super) struct Number;

impl<'de> DeserializeSeed<'de> for Number {
    type Value = u64;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<u64, D::Error> {
        from.deserialize_any(self)
    }
}

impl Visitor<'_> for Number {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number from 0 to 18446744073709551615, or one in a string")
    }

    fn visit_unit<E: Error>(self) -> Result<u64, E> {
        Ok(0)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<u64, E> {
        Ok(number)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<u64, E> {
        // Some clients write large numbers with an exponent.
        let whole = number.fract() == 0.0 && (0.0..18_446_744_073_709_551_616.0).contains(&number);
        if whole { Ok(number as u64) } else { Err(E::custom("number is not whole or not within 64 bits")) }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<u64, E> {
        text.parse().map_err(|_| E::custom("string holds no whole number within 64 bits"))
    }
}
