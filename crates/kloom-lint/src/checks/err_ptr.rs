//! Error pointers from creation to exit.
//!
//! Everything is decided by what the flow analysis noted about a creation; here it is only put
//! into the rules' terms. A creation gives at most one finding: the one nearest the cause, with
//! the others as its steps.

use crate::context::{Context, Findings};
use kloom_diag::{Diagnostic, FileId, Root, Severity, Span, Step};
use kloom_facts::{Classes, Facts, Returns, Verb};
use kloom_flow::{
    Analysis, Creation, Demand, Key, Made, Misuse, MisuseKind, Need, NullCause, NullUse, Use,
};
use kloom_ir::{FunctionId, Linkage, Name, Unit};
use rustc_hash::FxHashSet;

/// unchecked-err-ptr, error-not-propagated, null-check-on-err-ptr, err-ptr-use, ptr-err-misuse.
pub fn check(context: &Context<'_>, findings: &mut Findings) {
    let teller = Teller {
        unit: context.unit,
        analysis: context.analysis,
    };
    let here = |span: Span| span.file == FileId(0);
    for creation in &context.analysis.creations {
        if !here(creation.span) {
            continue;
        }
        if creation.tolerated {
            teller.idle_test(creation, findings);
        } else if creation.assigned {
            teller.creation(creation, findings);
        } else if creation.is_fed {
            teller.dropped(creation, findings);
        }
    }
    for null in &context.analysis.null_uses {
        teller.null_use(null, findings);
    }
    for misuse in &context.analysis.misuses {
        if here(misuse.span) {
            teller.misuse(misuse, findings);
        }
    }
}

/// Whatever they say, an error pointer was made, or a number was made of one.
pub fn wants(facts: Facts, name: &str) -> bool {
    facts.get(name).is_some_and(|fact| {
        matches!(
            fact.returns,
            Returns::ErrPtr { .. } | Returns::TolerantErrPtr
        ) || fact.does(Verb::DecodesError)
            || fact.does(Verb::EncodesError)
    })
}

/// Puts what was noted into words.
struct Teller<'a> {
    unit: &'a Unit,
    analysis: &'a Analysis,
}

/// What a creation's story amounts to.
enum Verdict<'a> {
    Unchecked,
    NotPropagated,
    NullChecked(Span),
    Used(&'a Use),
}

impl<'a> Teller<'a> {
    fn creation(&self, creation: &Creation, findings: &mut Findings) {
        let missed = self.missed(creation);
        let Some(verdict) = self.verdict(creation, missed.as_ref()) else {
            return;
        };
        let callee = self.name(creation.callee);
        let thing = match creation.made {
            Made::Thread => "the thread",
            Made::Worker => "the worker",
            Made::Other => "what was asked for",
        };
        let mut trace = vec![step(
            creation.span,
            format!("{callee}() gives an error pointer if it fails"),
        )];
        if let Some(test) = creation.tested.first() {
            trace.push(step(*test, "the failure is noticed here".into()));
        }
        let (later, now): (Vec<&Use>, Vec<&Use>) =
            creation.uses.iter().chain(&missed).partition(|u| u.later);
        for used in now {
            self.use_steps(used, &mut trace);
        }
        for (function, at) in &creation.unpropagated {
            let name = self.function(*function);
            trace.push(step(*at, format!("{name}() reports success all the same")));
        }
        for used in later {
            self.use_steps(used, &mut trace);
        }
        let (rule, primary, what, why, help) = match verdict {
            Verdict::Unchecked => (
                "unchecked-err-ptr",
                creation.span,
                format!("the result of {callee}() is never tested with IS_ERR()"),
                format!(
                    "when {callee}() fails, it is an error pointer, and its next use is an oops"
                ),
                "test it with IS_ERR() right after the call and give back PTR_ERR()".to_owned(),
            ),
            Verdict::NotPropagated => (
                "error-not-propagated",
                creation.tested.first().copied().unwrap_or(creation.span),
                format!("{callee}() can fail here, and loading still succeeds"),
                format!("what runs later takes the error pointer for {thing} and oopses"),
                "give back PTR_ERR() of it, after undoing what was set up before".to_owned(),
            ),
            Verdict::NullChecked(at) => (
                "null-check-on-err-ptr",
                if at.file == FileId(0) {
                    at
                } else {
                    creation.span
                },
                format!("{callee}() reports failure by an error pointer, which is not NULL"),
                "the test lets an error pointer through".to_owned(),
                if creation.null {
                    "test with IS_ERR_OR_NULL()".to_owned()
                } else {
                    "test with IS_ERR()".to_owned()
                },
            ),
            Verdict::Used(first) => (
                "err-ptr-use",
                self.nearest(first, creation),
                format!("this may be an error pointer from {callee}()"),
                format!("on the path where {callee}() failed it is not {thing}: an oops"),
                "leave before this on the failing path, or keep NULL there".to_owned(),
            ),
        };
        let mut told = FxHashSet::default();
        trace.retain(|step| told.insert(step.clone()));
        findings.push(Diagnostic {
            rule,
            severity: Severity::Error,
            what,
            why,
            help,
            primary,
            label: String::new(),
            root: Root(creation.span),
            function: Some(self.function(self.around(primary, creation, &creation.uses))),
            trace,
        });
    }

    /// A test against NULL of what is never NULL; what takes the error copes with it.
    fn idle_test(&self, creation: &Creation, findings: &mut Findings) {
        let (true, Some(at)) = (creation.tested.is_empty(), creation.null_tested.first()) else {
            return;
        };
        let callee = self.name(creation.callee);
        findings.push(Diagnostic {
            rule: "null-check-on-err-ptr",
            severity: Severity::Warning,
            what: format!("{callee}() reports failure by an error pointer, never by NULL"),
            why: "this test never finds the failure that it is for".to_owned(),
            help: "leave it out if the failure does not matter, or test with IS_ERR()".to_owned(),
            primary: *at,
            label: String::new(),
            root: Root(creation.span),
            function: Some(self.function(creation.function)),
            trace: vec![step(
                creation.span,
                format!("{callee}() gives an error pointer if it fails"),
            )],
        });
    }

    /// Nobody learns that a thread is not there, and what was made for it stays.
    fn dropped(&self, creation: &Creation, findings: &mut Findings) {
        let callee = self.name(creation.callee);
        findings.push(Diagnostic {
            rule: "unchecked-err-ptr",
            severity: Severity::Warning,
            what: format!("the result of {callee}() is dropped"),
            why: "if there is no thread, nobody takes care of what was made for it".to_owned(),
            help: "test it with IS_ERR(), and give back what the thread would have".to_owned(),
            primary: creation.span,
            label: String::new(),
            root: Root(creation.span),
            function: Some(self.function(creation.function)),
            trace: Vec::new(),
        });
    }

    /// The function the primary span lies in.
    fn around(&self, primary: Span, creation: &Creation, uses: &[Use]) -> FunctionId {
        let inside = |id: FunctionId| {
            let span = self.unit.function(id).span;
            span.file == primary.file && span.start <= primary.start && primary.end <= span.end
        };
        uses.iter()
            .map(|u| u.function)
            .find(|id| inside(*id))
            .unwrap_or(creation.function)
    }

    /// The place in the file at hand that a use is reported at: the use itself, or what leaves
    /// the pointer to another file.
    fn nearest(&self, used: &Use, creation: &Creation) -> Span {
        let steps = used.chain.iter().chain(&creation.tested);
        let mut here = steps.filter(|span| span.file == FileId(0));
        here.next().copied().unwrap_or(creation.span)
    }

    /// A use of what is kept, where no path was followed to one and nothing tells a failure from
    /// success: any use of a good pointer is one of an error, too.
    fn missed(&self, creation: &Creation) -> Option<Use> {
        let told = !creation.tested.is_empty() && !creation.unnoticed
            || creation.kept.iter().any(|key| self.tested(key));
        if !creation.uses.is_empty() || told || !creation.is_thread() {
            return None;
        }
        let demand = creation.kept.iter().find_map(|key| self.demand(key))?;
        Some(Use {
            need: demand.need,
            chain: demand.chain.clone(),
            tested: creation.tested.first().copied(),
            null_tested: demand.null_tested,
            function: creation.function,
            later: true,
        })
    }

    fn verdict<'c>(&self, creation: &'c Creation, missed: Option<&'c Use>) -> Option<Verdict<'c>> {
        let kept_tested = creation.kept.iter().any(|key| self.tested(key));
        let tested = !creation.tested.is_empty() || kept_tested;
        let now: Vec<&Use> = creation.uses.iter().filter(|u| !u.later).collect();
        if !tested {
            let null_test = creation
                .null_tested
                .first()
                .copied()
                .or_else(|| creation.uses.iter().find_map(|u| u.null_tested));
            let left_to_others = creation.handed_on && creation.uses.is_empty();
            if let Some(at) = null_test {
                let sure = !creation.uses.is_empty() || (!creation.null && !left_to_others);
                return sure.then_some(Verdict::NullChecked(at));
            }
            if !creation.uses.is_empty() {
                return Some(Verdict::Unchecked);
            }
            let only_here = creation.is_thread()
                && !creation.handed_on
                && !creation.kept.is_empty()
                && creation.kept.iter().all(|k| self.is_private(k));
            return (only_here || missed.is_some()).then_some(Verdict::Unchecked);
        }
        if !creation.unpropagated.is_empty() {
            return Some(Verdict::NotPropagated);
        }
        let first = now.first().copied().or(creation.uses.first()).or(missed)?;
        match (first.tested, first.null_tested) {
            (None, Some(at)) => Some(Verdict::NullChecked(at)),
            _ => Some(Verdict::Used(first)),
        }
    }

    /// Whether some function tests this variable or member for an error.
    fn tested(&self, key: &Key) -> bool {
        let common = key.common();
        common.is_some_and(|key| self.analysis.tested_keys.contains(&key))
    }

    /// A use, in the module as far as it was read, of what is there as if it were valid.
    fn demand(&self, key: &Key) -> Option<&Demand> {
        let same = |other: &Key| match (key, other) {
            (Key::Global(..), Key::Global(..)) => key == other,
            _ => key.class().is_some() && key.class() == other.class(),
        };
        self.analysis
            .summaries
            .iter()
            .flat_map(|summary| &summary.demands)
            .chain(&self.analysis.others)
            .find(|demand| {
                demand.classes.contains(Classes::NEG)
                    && matches!(demand.need, Need::Call(_))
                    && same(&demand.key)
            })
    }

    /// Whether no file can see the memory that was not read.
    fn is_private(&self, key: &Key) -> bool {
        if key
            .common()
            .is_some_and(|key| self.analysis.seen.contains(&key))
        {
            return true;
        }
        if let Some((owner, _)) = key.class() {
            let def = self.unit.types.structs.get(&owner);
            return def.is_some_and(|d| d.span.file == FileId(0));
        }
        match key {
            Key::Global(name, _) => self
                .unit
                .globals
                .iter()
                .any(|g| g.name == *name && g.linkage == Linkage::Static && !g.is_extern),
            _ => false,
        }
    }

    fn use_steps(&self, used: &Use, trace: &mut Vec<Step>) {
        for call in used.chain.iter().skip(1).rev() {
            trace.push(step(*call, "called on the way to the use".into()));
        }
        if let Some(at) = used.null_tested {
            trace.push(step(
                at,
                "an error pointer is not NULL and passes this test".into(),
            ));
        }
        if let Some(at) = used.chain.first() {
            trace.push(step(
                *at,
                format!("{} while it may be an error pointer", self.need(used.need)),
            ));
        }
    }

    fn need(&self, need: Need) -> String {
        match need {
            Need::Call(name) => format!("handed to {}()", self.name(name)),
            Need::Deref => "dereferenced".to_owned(),
        }
    }

    fn null_use(&self, null: &NullUse, findings: &mut Findings) {
        let setter = self.analysis.creation(null.setter);
        let Some(at) = null.chain.first().copied().filter(|s| s.file == FileId(0)) else {
            return;
        };
        let Need::Call(callee) = null.need else {
            return;
        };
        let handle = kloom_flow::print_key(self.unit, self.unit.function(null.function), &null.key);
        let (made, when) = match null.cause {
            NullCause::ThreadNeverRan => (
                format!(
                    "only this sets {handle}, in a thread that may be stopped before it ever runs"
                ),
                "if the thread that sets it never ran",
            ),
            NullCause::NotReached => (
                format!("this sets {handle}, in a function that need not have run"),
                "if nothing has set it",
            ),
            NullCause::Failed => (
                format!("if this fails, {handle} is set to NULL, and loading succeeds"),
                "if its creation failed",
            ),
        };
        let mut trace = vec![step(setter.span, made)];
        for call in null.chain.iter().skip(1).rev() {
            trace.push(step(*call, "called on the way to the use".into()));
        }
        findings.push(Diagnostic {
            rule: "err-ptr-use",
            severity: Severity::Error,
            what: format!("{handle} is NULL here {when}"),
            why: format!(
                "{}() does not accept NULL: an oops at unload",
                self.name(callee)
            ),
            help: format!("test {handle} before, or create it where its failure can be seen"),
            primary: at,
            label: String::new(),
            root: Root(at),
            function: Some(self.function(null.function)),
            trace,
        });
    }

    fn misuse(&self, misuse: &Misuse, findings: &mut Findings) {
        let (what, why, help, seen) = match misuse.kind {
            MisuseKind::WrongPointer => (
                "this takes the error of a pointer that is valid on this path",
                "the number is an address cut short, not an error, and may even be positive",
                "take the error of the pointer whose test failed",
                "another pointer was found to be an error here",
            ),
            MisuseKind::ReturnsPointer => (
                "this returns the bits of a valid pointer as an error number",
                "the value was taken before the test, and on this path the pointer is good",
                "return 0, or set the result again on this path",
                "here it is known to be no error",
            ),
            MisuseKind::WrongSign => (
                "the sign of this error number is wrong",
                "error numbers are negative in error pointers and in returned values",
                "drop or add the minus sign",
                "the error was seen here",
            ),
        };
        findings.push(Diagnostic {
            rule: "ptr-err-misuse",
            severity: Severity::Error,
            what: what.to_owned(),
            why: why.to_owned(),
            help: help.to_owned(),
            primary: misuse.span,
            label: String::new(),
            root: Root(
                misuse
                    .origin
                    .map_or(misuse.span, |id| self.analysis.creation(id).span),
            ),
            function: Some(self.function(misuse.function)),
            trace: misuse
                .evidence
                .map(|at| step(at, seen.to_owned()))
                .into_iter()
                .collect(),
        });
    }

    fn name(&self, name: Name) -> &str {
        self.unit.names.text(name)
    }

    fn function(&self, id: FunctionId) -> String {
        self.name(self.unit.function(id).name).to_owned()
    }
}

fn step(span: Span, message: String) -> Step {
    Step { span, message }
}
