//! What one file is lowered into, and what of it is known so far.

use super::reach::Reach;
use super::text::Text;
use crate::Context;
use crate::headers::{Symbol, Symbols};
use kloom_diag::{FileId, SourceFile, Span};
use kloom_facts::{Fact, Verb};
use kloom_ir::{
    Expr, Function, FunctionId, Global, Linkage, Name, Skipped, TopMacro, TypeId, Unit,
};
use rustc_hash::{FxHashMap, FxHashSet};

/// A function that the file or a header declares or defines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signature {
    /// What it returns.
    pub returns: TypeId,
}

/// The arguments of a declaring macro that are the names it declares.
pub(super) fn declared_arguments(fact: &'static Fact) -> impl Iterator<Item = usize> {
    fact.effects(Verb::Assigns)
        .filter(|effect| effect.says("declares"))
        .filter_map(|effect| effect.arg.map(usize::from))
}

/// One file on its way to a [`Unit`].
pub(super) struct Lowering<'a> {
    /// Facts and headers.
    pub context: &'a Context<'a>,
    /// What the file and its headers define.
    pub symbols: &'a Symbols,
    /// The result so far.
    pub unit: Unit,
    /// Functions in sight.
    pub signatures: FxHashMap<Name, Signature>,
    /// Position of each variable in `unit.globals`.
    pub globals: FxHashMap<Name, usize>,
    /// Enumerators and macros that are plain numbers; `None` where the value is not literal.
    pub constants: FxHashMap<Name, Option<i64>>,
    /// Number of each `#if` condition in `unit.configs`.
    pub configs: FxHashMap<String, u32>,
    /// How many definitions of headers are being read, each for the one before.
    pub reading: u32,
    /// Names looked for in headers.
    pub looked_up: FxHashSet<(Symbol, Name)>,
    /// Functions and macros that the file calls and does not define, in the order of first calls.
    pub called: Vec<Name>,
    /// The same as a set.
    pub called_names: FxHashSet<Name>,
    /// The words that open scopes with cleanup, once they were asked for.
    pub scope_words: Option<Vec<&'static str>>,
    /// How macros of the file reach into their callers.
    pub reaches: FxHashMap<Name, Option<Reach>>,
    /// The file id of each source of `symbols` that was needed.
    files: Vec<Option<FileId>>,
}

impl<'a> Lowering<'a> {
    /// A start for one file.
    pub(super) fn new(context: &'a Context<'a>, symbols: &'a Symbols) -> Self {
        Lowering {
            context,
            symbols,
            unit: Unit {
                incomplete: symbols.is_incomplete(),
                ..Unit::default()
            },
            signatures: FxHashMap::default(),
            globals: FxHashMap::default(),
            constants: FxHashMap::default(),
            configs: FxHashMap::default(),
            reading: 0,
            looked_up: FxHashSet::default(),
            called: Vec::new(),
            called_names: FxHashSet::default(),
            scope_words: None,
            reaches: FxHashMap::default(),
            files: vec![None; symbols.sources().len()],
        }
    }

    /// Lowers the file.
    pub(super) fn run(mut self) -> Unit {
        let file = self.file(0);
        let Some(main) = self.symbols.sources().first() else {
            return self.unit;
        };
        let text = Text::whole(file, main);
        self.top_macros(&text);
        self.file_scope(&text);
        self.on_demand();
        self.unit.coverage.skipped.sort_by_key(|(_, span)| *span);
        self.unit
    }

    /// The id of a source, which becomes part of the unit.
    pub(super) fn file(&mut self, source: usize) -> FileId {
        if let Some(Some(id)) = self.files.get(source) {
            return *id;
        }
        let Some(found) = self.symbols.sources().get(source) else {
            return FileId(0);
        };
        let file = SourceFile::new(found.path.clone(), found.text.clone());
        let id = self.unit.files.add(file);
        if let Some(slot) = self.files.get_mut(source) {
            *slot = Some(id);
        }
        id
    }

    /// The name for some bytes of the text.
    pub(super) fn name(&mut self, bytes: &[u8]) -> Name {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.unit.names.intern(text),
            Err(_) => self.unit.names.intern(&String::from_utf8_lossy(bytes)),
        }
    }

    /// Counts a part that was not analysed.
    pub(super) fn skip(&mut self, why: Skipped, span: Span) {
        self.unit.coverage.skipped.push((why, span));
    }

    /// Adds a finished function.
    pub(super) fn add(&mut self, function: Function) {
        let id = FunctionId(self.unit.functions.len() as u32);
        self.unit.by_name.entry(function.name).or_default().push(id);
        self.unit.functions.push(function);
    }

    /// The number of an `#if` condition.
    pub(super) fn config(&mut self, condition: &str) -> u32 {
        if let Some(number) = self.configs.get(condition) {
            return *number;
        }
        let number = self.unit.configs.len() as u32;
        self.unit.configs.push(condition.to_owned());
        self.configs.insert(condition.to_owned(), number);
        number
    }

    /// The variables that a macro at file scope declares: `static DEFINE_MUTEX(m);`
    fn macro_variables(&mut self, text: &Text<'_>, name: Name, whole: Span, args: &[Span]) {
        let Some(fact) = self.fact(name) else { return };
        let linkage = if text.original(whole).starts_with(b"static") {
            Linkage::Static
        } else {
            Linkage::External
        };
        for argument in declared_arguments(fact) {
            if let Some(span) = args.get(argument).copied() {
                let name = self.name(text.original(span));
                self.global(Global {
                    name,
                    ty: TypeId::UNKNOWN,
                    span,
                    linkage,
                    is_extern: false,
                    init: Some(Expr::Unknown),
                });
            }
        }
    }

    fn top_macros(&mut self, text: &Text<'_>) {
        for used in &text.prepared.top_macros {
            let name = self.name(used.name.of(text.original));
            let args: Vec<Span> = used.args.iter().map(|a| text.span_in_file(*a)).collect();
            let span = text.span_in_file(used.whole);
            self.macro_variables(text, name, span, &args);
            self.unit.top_macros.push(TopMacro { name, span, args });
        }
        for define in &text.prepared.defines {
            if define.params.is_some() {
                let name = self.name(define.name.of(text.original));
                let span = text.span_in_file(define.name);
                self.unit.macros.entry(name).or_insert(span);
            }
        }
        for zeroed in &text.prepared.zeroed {
            self.skip(Skipped::Argument, text.span_in_file(*zeroed));
        }
        for chain in &text.prepared.chains {
            for arm in &chain.arms {
                if arm.fate == crate::pre::ArmFate::Skipped {
                    self.skip(Skipped::Arm, text.span_in_file(arm.body));
                }
            }
        }
    }
}
