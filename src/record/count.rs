//! How many values a text of JSON has, found without keeping any of them.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The numbers, texts, lists and objects in a text; it stops behind `most`, and says one more.
pub(super) fn count(bytes: &[u8], most: u64) -> Result<u64, serde_json::Error> {
    let mut left = most;
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    match (Counter { left: &mut left }).deserialize(&mut deserializer) {
        Ok(()) => Ok(most - left),
        Err(error) if error.to_string().starts_with(TOO_MANY) => Ok(most.saturating_add(1)),
        Err(error) => Err(error),
    }
}

const TOO_MANY: &str = "too many values";

struct Counter<'a> {
    left: &'a mut u64,
}

impl<'de> DeserializeSeed<'de> for Counter<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.left.checked_sub(1) {
            Some(left) => *self.left = left,
            None => return Err(D::Error::custom(TOO_MANY)),
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Counter<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Counter { left: &mut *self.left })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while entries.next_key::<IgnoredAny>()?.is_some() {
            entries.next_value_seed(Counter { left: &mut *self.left })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_and_no_more_of_them_read_than_asked_for() {
        let text = br#"{"a": [1, 2.5, -3, "x", null, true], "b": {"c": []}}"#;
        assert_eq!(count(text, 100).unwrap(), 10);
        assert_eq!(count(text, 10).unwrap(), 10);
        assert_eq!(count(text, 9).unwrap(), 10);
        // What comes behind them is not even looked at.
        assert_eq!(count(b"[1, 2, 3, oops", 3).unwrap(), 4);
        assert!(count(b"[1, oops", 100).is_err());
    }
}
