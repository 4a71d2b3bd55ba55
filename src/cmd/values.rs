//! What the values of arguments may be; each refusal says what is allowed.

use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// A whole number within a range, and an error that names the range.
pub(super) fn number<T>(range: RangeInclusive<T>) -> impl Fn(&str) -> Result<T, String> + Clone
where
    T: FromStr + PartialOrd + Display + Clone,
{
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| format!("a whole number from {} to {} is allowed", range.start(), range.end()))
    }
}

/// Where to listen.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let allowed =
        "a numeric address and a port from 0 to 65535 are allowed, as in 127.0.0.1:8017 or [::1]:8017";
    text.parse().map_err(|_| allowed.to_owned())
}

/// A label and what an hour of that machine costs.
pub(super) fn price(text: &str) -> Result<(String, f64), String> {
    let split = text.rsplit_once('=').map(|(label, price)| (label, price.parse::<f64>()));
    match split {
        // Their ratio has to be a number that can be read.
        Some((label, Ok(price))) if (0.000_001..=1e9).contains(&price) => Ok((label.to_owned(), price)),
        _ => {
            Err("a label, `=` and a number from 0.000001 to 1000000000 are allowed, as in build-server=0.17"
                .to_owned())
        }
    }
}

/// A share in percent, as a fraction.
pub(super) fn percent(text: &str) -> Result<f64, String> {
    let share = text.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
    let share = share.filter(|share| (0.0..=1000.0).contains(share));
    share.map(|share| share / 100.0).ok_or_else(|| "a share from 0% to 1000% is allowed, as in 5%".to_owned())
}

/// What a variable says that is set for a flag without a value.
pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        _ => Err("1, true, yes and on are allowed, and 0, false, no and off".to_owned()),
    }
}

/// A label becomes part of a folder's name.
pub(super) fn label(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let allowed = (1..=64).contains(&text.len()) && text.chars().all(plain) && !text.starts_with('.');
    match allowed {
        true => Ok(text.to_owned()),
        false => {
            Err("1 to 64 letters, digits, `-`, `_` and `.` are allowed, not beginning with `.`".to_owned())
        }
    }
}
