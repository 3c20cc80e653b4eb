//! Values of arguments. What is wrong with one is said in words, with an example.

use std::net::{SocketAddr, ToSocketAddrs};
use std::num::NonZeroU32;
use std::str::FromStr;

use spanfate_model::quantity::unit::{ByteSize, Period, Rate, UnitError};

/// A kind of number that an argument takes.
pub(super) trait Whole: FromStr {
    /// The smallest and the largest.
    const LEAST: u64;
    const MOST: u64;
}

impl Whole for u16 {
    const LEAST: u64 = 0;
    const MOST: u64 = 65_535;
}

impl Whole for u32 {
    const LEAST: u64 = 0;
    const MOST: u64 = 4_294_967_295;
}

impl Whole for u64 {
    const LEAST: u64 = 0;
    const MOST: u64 = Self::MAX;
}

impl Whole for NonZeroU32 {
    const LEAST: u64 = 1;
    const MOST: u64 = 4_294_967_295;
}

/// A whole number.
pub(super) fn whole<T: Whole>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("write a whole number from {} to {}", T::LEAST, T::MOST))
}

/// How many spans are explained.
pub(super) fn up_to_a_thousand(text: &str) -> Result<u16, String> {
    let number = text.parse().ok().filter(|number| (1..=1000).contains(number));
    number.ok_or_else(|| "write a whole number from 1 to 1000".to_owned())
}

/// Where a receiver listens: a port of this machine, or an address with its port.
pub(super) fn receiver(place: &str) -> Result<SocketAddr, String> {
    let place = if place.parse::<u16>().is_ok() { format!("127.0.0.1:{place}") } else { place.to_owned() };
    let mut found =
        place.to_socket_addrs().map_err(|error| format!("{error}; for example receive:127.0.0.1:4319"))?;
    found.next().ok_or_else(|| "the name has no address".to_owned())
}

/// Seconds since 1970.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds: &f64| seconds.is_finite());
    seconds.ok_or_else(|| "write seconds since 1970, for example 1764374400".to_owned())
}

/// A share of a whole, from 0 to 1.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct LeastShare(pub(crate) f64);

/// A share in percent.
pub(super) fn share(text: &str) -> Result<LeastShare, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim().parse::<f64>();
    let share = number
        .ok()
        .filter(|percent| (0.0..=100.0).contains(percent))
        .map(|percent| LeastShare(percent / 100.0));
    share.ok_or_else(|| "write a share from 0% to 100%, for example 99.5%".to_owned())
}

pub(super) fn percent(text: &str) -> Result<NonZeroU32, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim();
    number.parse().map_err(|_| "write a whole number of percent, for example 2%".to_owned())
}

/// A size above zero; a number alone is bytes.
pub(super) fn size(text: &str) -> Result<ByteSize, String> {
    let text = if text.parse::<u32>().is_ok() { format!("{text}B") } else { text.to_owned() };
    let size = ByteSize::try_from(text).map_err(|wrong| wrong.to_string())?;
    Some(size).filter(|size| size.0 > 0).ok_or_else(|| "write a size above zero, for example 500B".to_owned())
}

pub(super) fn rate(text: &str) -> Result<Rate, UnitError> {
    Rate::try_from(text.to_owned())
}

pub(super) fn period(text: &str) -> Result<Period, UnitError> {
    Period::try_from(text.to_owned())
}
