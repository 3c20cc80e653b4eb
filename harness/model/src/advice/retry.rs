//! How late an export succeeds after an outage: pauses between attempts grow, and the one that an outage ends in goes on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::exporter::Protocol;
use crate::exporter::defaults;

/// How a pause grows from attempt to attempt, and how far chance moves it.
struct Pauses {
    first_s: f64,
    factor: f64,
    most_s: f64,
    jitter: f64,
}

impl Pauses {
    /// The longest pause that can be under way when an outage of that length ends: the one after as many attempts as fit
    /// into it where chance makes every earlier pause as short as it may be.
    fn longest(&self, down_s: f64) -> f64 {
        let (mut pause, mut attempt) = (self.first_s.min(self.most_s), 0.0);
        // Each pause is longer than the one before by a factor, so that few reach any bound.
        for _ in 0..64 {
            attempt += pause * (1.0 - self.jitter);
            if attempt > down_s || pause >= self.most_s {
                break;
            }
            pause = (pause * self.factor).min(self.most_s);
        }
        pause * (1.0 + self.jitter)
    }
}

/// How an exporter tries again. Only code can set it (`WithRetry`, `WithDialOption`).
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Retries")]
pub struct RetryPolicy {
    /// Pause before the first retry, seconds; further ones are 1.5 times as long, and each is moved by up to a half.
    pub initial_s: f64,
    /// The longest pause before chance moves it, seconds.
    pub most_s: f64,
    /// After this time no further attempt is made, seconds.
    pub elapsed_s: f64,
    /// The longest pause of gRPC between attempts to connect, seconds; it begins with 1 s.
    pub reconnect_s: f64,
}

/// When an export that an outage hit ends well, at the latest; seconds from the outage's begin.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Recovery {
    /// Until then an attempt may still fail.
    pub(crate) failing_s: f64,
    /// By then an attempt has begun that does not.
    pub(crate) attempt_s: f64,
}

impl RetryPolicy {
    /// The defaults of the SDK and of grpc-go.
    pub const SDK: Self = Self {
        initial_s: defaults::RETRY_INITIAL_MS as f64 / 1e3,
        most_s: defaults::RETRY_MOST_MS as f64 / 1e3,
        elapsed_s: defaults::RETRY_ELAPSED_MS as f64 / 1e3,
        reconnect_s: defaults::RECONNECT_MOST_MS as f64 / 1e3,
    };
    /// What is advised where the queue is dear: an attempt every second or two, from one export at a time.
    pub const SWIFT: Self =
        Self { initial_s: 1.0, most_s: 2.0, elapsed_s: Self::SDK.elapsed_s, reconnect_s: 2.0 };

    /// What follows for an outage. Over gRPC the connection has pauses of its own, in which every attempt fails at once; over
    /// HTTP an attempt that began within the outage may hang until its own timeout.
    pub(crate) fn recovery(&self, protocol: Protocol, timeout_s: f64, outage_s: f64) -> Recovery {
        if outage_s <= 0.0 {
            return Recovery { failing_s: 0.0, attempt_s: 0.0 };
        }
        let connect = Pauses { first_s: 1.0, factor: 1.6, most_s: self.reconnect_s, jitter: 0.2 };
        let retry = Pauses { first_s: self.initial_s, factor: 1.5, most_s: self.most_s, jitter: 0.5 };
        let failing_s = outage_s
            + match protocol {
                Protocol::Grpc => connect.longest(outage_s),
                Protocol::HttpProtobuf => timeout_s,
            };
        Recovery { failing_s, attempt_s: failing_s + retry.longest(failing_s) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pause_is_the_one_that_the_outage_ends_in() {
        let retry = Pauses { first_s: 5.0, factor: 1.5, most_s: 30.0, jitter: 0.5 };
        // The earliest attempts are at 2.5, 6.25 and 11.875 s.
        let cases = [(0.1, 7.5), (2.4, 7.5), (2.5, 11.25), (6.25, 16.875), (11.8, 16.875), (1e9, 45.0)];
        for (down, longest) in cases {
            assert!((retry.longest(down) - longest).abs() < 1e-9, "{down} s: {}", retry.longest(down));
        }
    }

    proptest! {
        /// Attempts with pauses by chance: none that works begins later than what is said.
        #[test]
        fn no_attempt_is_later_than_the_recovery(
            outage in 0.01..120.0_f64, chance in prop::collection::vec(0.0..1.0_f64, 64), swift: bool,
        ) {
            let retry = if swift { RetryPolicy::SWIFT } else { RetryPolicy::SDK };
            let mut chance = chance.into_iter().cycle();
            let mut pass = |pause: f64, jitter: f64| pause * (1.0 - jitter + 2.0 * jitter * chance.next().unwrap());
            let mut connected = 0.0;
            let mut pause = 1.0_f64;
            while connected < outage {
                connected += pass(pause, 0.2);
                pause = (pause * 1.6).min(retry.reconnect_s);
            }
            let (mut attempt, mut pause) = (0.0, retry.initial_s);
            while attempt < connected {
                attempt += pass(pause, 0.5);
                pause = (pause * 1.5).min(retry.most_s);
            }
            let recovery = retry.recovery(Protocol::Grpc, 10.0, outage);
            prop_assert!(connected <= recovery.failing_s + 1e-9, "{connected} {recovery:?}");
            prop_assert!(attempt <= recovery.attempt_s + 1e-9, "{attempt} {recovery:?}");
        }

        #[test]
        fn a_longer_outage_recovers_later(outage in 0.0..1e5_f64, more in 0.0..1e3_f64) {
            for protocol in [Protocol::Grpc, Protocol::HttpProtobuf] {
                let (a, b) = (
                    RetryPolicy::SDK.recovery(protocol, 10.0, outage),
                    RetryPolicy::SDK.recovery(protocol, 10.0, outage + more),
                );
                prop_assert!(a.failing_s <= b.failing_s && a.attempt_s <= b.attempt_s);
            }
        }
    }
}
