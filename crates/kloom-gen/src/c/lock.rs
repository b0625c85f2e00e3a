//! Which lock function fits where code runs.

use super::place;
use super::statement::Statement;
use kloom_spec::{Context, Module, Sharing, WaitLock};

/// A lock as it is taken in one place.
#[derive(Clone, Debug)]
pub struct Taken {
    acquire: &'static str,
    release: &'static str,
    place: String,
}

/// What a lock keeps out besides other processors.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KeepsOut {
    Nothing,
    Soft,
    All,
}

impl Taken {
    /// Takes it.
    pub fn acquire(&self, statements: &mut Vec<Statement>) {
        statements.push(Statement::Call {
            function: self.acquire,
            place: self.place.clone(),
        });
    }

    /// Gives it back.
    pub fn release(&self, statements: &mut Vec<Statement>) {
        statements.push(Statement::Call {
            function: self.release,
            place: self.place.clone(),
        });
    }

    /// Both, as text.
    pub fn texts(&self) -> (String, String) {
        let call = |function: &str| format!("{function}(&{});", self.place);
        (call(self.acquire), call(self.release))
    }
}

/// The lock of a state, for code that runs there.
pub fn of_state(module: &Module, state: usize, context: Context) -> Taken {
    use KeepsOut::{All, Nothing, Soft};
    let known = &module.states[state];
    let keeps_out = keeps_out(strictest(module, state), context);
    let (acquire, release) = match (known.sharing, keeps_out) {
        (Sharing::Mutex, _) => ("mutex_lock", "mutex_unlock"),
        (Sharing::Seqlock, Nothing) => ("write_seqlock", "write_sequnlock"),
        (Sharing::Seqlock, Soft) => ("write_seqlock_bh", "write_sequnlock_bh"),
        (Sharing::Seqlock, All) => ("write_seqlock_irq", "write_sequnlock_irq"),
        (_, Nothing) => ("spin_lock", "spin_unlock"),
        (_, Soft) => ("spin_lock_bh", "spin_unlock_bh"),
        (_, All) => ("spin_lock_irq", "spin_unlock_irq"),
    };
    Taken {
        acquire,
        release,
        place: place::lock(module, state),
    }
}

/// The strictest place in which the lock of a state is taken. Waits that turn interrupts off count as one.
pub fn strictest(module: &Module, state: usize) -> Context {
    let known = &module.states[state];
    let own = known.queue.and_then(|queue| module.queues[queue].lock) == Some(WaitLock::OwnIrq);
    let dropped = module
        .queues
        .iter()
        .any(|queue| queue.lock == Some(WaitLock::StateIrq) && queue.until.locked == Some(state));
    match own || dropped {
        true => Context::Hard,
        false => known.strictest.unwrap_or(Context::Process),
    }
}

fn keeps_out(strictest: Context, here: Context) -> KeepsOut {
    match (here, strictest) {
        (Context::Hard, _) => KeepsOut::Nothing,
        (_, Context::Hard) => KeepsOut::All,
        (Context::Process | Context::Locked, Context::Soft) => KeepsOut::Soft,
        _ => KeepsOut::Nothing,
    }
}
