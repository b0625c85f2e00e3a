//! Constants for stretches of time, and what is handed to the kernel.

use core::time::Duration;
use kloom_spec::{Module, Period, Timeout};

/// Shorter pauses are too short for the timer wheel.
pub const SHORT: Duration = Duration::from_millis(20);

/// The constant for a period of this thing, if it is one; in milliseconds, or in microseconds if it has to be.
pub fn define(module: &Module, name: &str, period: Period) -> Option<String> {
    let Period::Fixed(time) = period else {
        return None;
    };
    let number = match fine(time) {
        true => time.as_micros(),
        false => time.as_millis(),
    };
    Some(format!("#define {} {number}", constant(module, name, time)))
}

/// The name of that constant.
pub fn constant(module: &Module, name: &str, time: Duration) -> String {
    let unit = if fine(time) { "US" } else { "MS" };
    format!(
        "{}_{}_{unit}",
        module.name.to_uppercase(),
        name.to_uppercase()
    )
}

/// The constant for a timeout, if it is one: what the wait is handed, as its arguments stand far to the right.
pub fn timeout_define(module: &Module, name: &str, timeout: Timeout) -> Option<String> {
    let Period::Fixed(time) = timeout.period else {
        return None;
    };
    let value = match (timeout.precise, fine(time)) {
        (true, true) => format!("ns_to_ktime({} * NSEC_PER_USEC)", time.as_micros()),
        (true, false) => format!("ms_to_ktime({})", time.as_millis()),
        (false, true) => format!("usecs_to_jiffies({})", time.as_micros()),
        (false, false) => format!("msecs_to_jiffies({})", time.as_millis()),
    };
    Some(format!(
        "#define {} {value}",
        timeout_constant(module, name)
    ))
}

fn timeout_constant(module: &Module, name: &str) -> String {
    format!(
        "{}_{}_TIMEOUT",
        module.name.to_uppercase(),
        name.to_uppercase()
    )
}

/// What a wait is handed as its timeout.
pub fn timeout(module: &Module, name: &str, timeout: Timeout) -> String {
    match (timeout.period, timeout.precise) {
        (Period::Fixed(_), _) => timeout_constant(module, name),
        (period, true) => precise(module, name, period),
        (period, false) => delay(module, name, period),
    }
}

/// Jiffies.
pub fn delay(module: &Module, name: &str, period: Period) -> String {
    match period {
        Period::Fixed(time) if fine(time) => {
            format!("usecs_to_jiffies({})", constant(module, name, time))
        }
        Period::Fixed(time) => format!("msecs_to_jiffies({})", constant(module, name, time)),
        Period::Parameter(at) => format!("msecs_to_jiffies({})", parameter(module, at)),
    }
}

/// A time of the precise clock.
pub fn precise(module: &Module, name: &str, period: Period) -> String {
    match period {
        Period::Fixed(time) if fine(time) => {
            format!(
                "ns_to_ktime({} * NSEC_PER_USEC)",
                constant(module, name, time)
            )
        }
        Period::Fixed(time) => format!("ms_to_ktime({})", constant(module, name, time)),
        Period::Parameter(at) => format!("ms_to_ktime({})", parameter(module, at)),
    }
}

/// The variable of a parameter.
pub fn parameter(module: &Module, at: usize) -> String {
    format!("{}_{}", module.name, module.parameters[at].name)
}

/// Whether it takes microseconds to say it.
pub fn fine(time: Duration) -> bool {
    time < SHORT || !time.subsec_micros().is_multiple_of(1000)
}
