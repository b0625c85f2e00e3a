//! What user space sees: pages, attributes, devices.

use super::body::Body;
use super::part::{Fails, Part, Step};
use super::{place, text};
use crate::layout::indent;
use askama::Template;
use kloom_spec::{Attribute, Context, Device, FieldRef, Module, Page};

#[derive(Template)]
#[template(path = "c/page.c")]
struct Show<'a> {
    module: &'a str,
    name: &'a str,
    locals: Vec<String>,
    body: String,
    debugfs: bool,
}

#[derive(Template)]
#[template(path = "c/attribute.c", block = "show")]
struct ShowAttribute<'a> {
    module: &'a str,
    name: &'a str,
    locals: Vec<String>,
    body: String,
    format: &'a str,
    value: String,
}

#[derive(Template)]
#[template(path = "c/attribute.c", block = "store")]
struct StoreAttribute<'a> {
    module: &'a str,
    name: &'a str,
    uses_context: bool,
    /// The body is one line.
    single: bool,
    locals: Vec<String>,
    body: String,
}

#[derive(Template)]
#[template(path = "c/attribute.c", block = "attribute")]
struct AttributeObject<'a> {
    module: &'a str,
    name: &'a str,
    mode: &'a str,
    show: String,
    store: String,
}

#[derive(Template)]
#[template(path = "c/attribute.c", block = "group")]
struct Group<'a> {
    module: &'a str,
    names: Vec<&'a str>,
}

#[derive(Template)]
#[template(path = "c/device.c")]
struct DeviceFunctions<'a> {
    module: &'a str,
    name: &'a str,
    open: Option<String>,
    uses_context: bool,
    locals: Vec<String>,
    reads: Option<FifoView<'a>>,
    writes: Option<FifoView<'a>>,
}

/// A fifo, as its device sees it.
struct FifoView<'a> {
    name: &'a str,
    item: &'static str,
    /// Somebody waits for room.
    wakes: bool,
}

/// What a file in /proc brings.
pub fn proc(module: &Module, page: &Page) -> Part {
    let mut part = Part::default();
    part.headers.extend(["proc_fs.h", "seq_file.h"]);
    let (m, name) = (&module.name, &page.name);
    part.functions.push(show(module, page, false));
    let file = file_name(module, name);
    part.steps.push(Step {
        set_up: String::new(),
        fails: Fails::If(
            format!("!proc_create_single_data(\"{file}\", 0444, NULL, {m}_{name}_show, ctx)"),
            "-ENOMEM",
        ),
        then: String::new(),
        undo: format!("remove_proc_entry(\"{file}\", NULL);"),
        label: format!("err_remove_{name}"),
    });
    part
}

/// What the files in debugfs bring.
pub fn debugfs(module: &Module) -> Part {
    let mut part = Part::default();
    part.headers.extend(["debugfs.h", "seq_file.h"]);
    let m = &module.name;
    part.member(
        "debugfs",
        "folder in debugfs".to_owned(),
        "struct dentry *debugfs;".to_owned(),
    );
    let mut lines = vec![format!("ctx->debugfs = debugfs_create_dir(\"{m}\", NULL);")];
    for page in &module.debugfs {
        let name = &page.name;
        part.functions.push(show(module, page, true));
        lines.push(format!(
            "debugfs_create_file(\"{name}\", 0444, ctx->debugfs, ctx, &{m}_{name}_fops);"
        ));
    }
    part.steps.push(Step {
        set_up: lines.join("\n"),
        fails: Fails::Never,
        then: String::new(),
        undo: "debugfs_remove(ctx->debugfs);".to_owned(),
        label: "err_remove_debugfs".to_owned(),
    });
    part
}

fn show(module: &Module, page: &Page, debugfs: bool) -> String {
    let mut body = Body::new(module, Context::Process, None);
    let values: Vec<String> = page.shows.iter().map(|field| body.read(*field)).collect();
    body.actions(&[]);
    let prints = page.shows.iter().zip(values).map(|(field, value)| {
        let known = &module.states[field.state];
        let field_name = &known.fields[field.field].name;
        let conversion = place::conversion(module, *field);
        format!("seq_printf(m, \"{field_name}: {conversion}\\n\", {value});")
    });
    let mut lines = vec![body.text()];
    lines.extend(prints);
    lines.retain(|line| !line.is_empty());
    text(&Show {
        module: &module.name,
        name: &page.name,
        locals: body.locals(),
        body: indent(&lines.join("\n"), 1),
        debugfs,
    })
}

/// The name of a file that stands beside those of others.
fn file_name(module: &Module, name: &str) -> String {
    match name == module.name {
        true => name.to_owned(),
        false => format!("{}_{name}", module.name),
    }
}

/// What the attributes bring.
pub fn attributes(module: &Module) -> Part {
    let mut part = Part::default();
    part.headers.extend(["kobject.h", "kstrtox.h", "sysfs.h"]);
    let m = &module.name;
    part.member(
        "kobj",
        format!("folder /sys/kernel/{m}"),
        "struct kobject *kobj;".to_owned(),
    );
    for known in &module.attributes {
        attribute(module, known, &mut part);
    }
    part.functions.push(text(&Group {
        module: m,
        names: module
            .attributes
            .iter()
            .map(|attribute| attribute.name.as_str())
            .collect(),
    }));
    part.steps.push(Step {
        set_up: format!("ctx->kobj = kobject_create_and_add(\"{m}\", kernel_kobj);"),
        fails: Fails::If("!ctx->kobj".to_owned(), "-ENOMEM"),
        then: String::new(),
        undo: "kobject_put(ctx->kobj);".to_owned(),
        label: "err_put_kobj".to_owned(),
    });
    part.steps.push(Step {
        set_up: format!("ret = sysfs_create_group(ctx->kobj, &{m}_group);"),
        fails: Fails::Nonzero,
        then: String::new(),
        undo: format!("sysfs_remove_group(ctx->kobj, &{m}_group);"),
        label: "err_remove_group".to_owned(),
    });
    part
}

fn attribute(module: &Module, known: &Attribute, part: &mut Part) {
    let (m, name) = (&module.name, &known.name);
    if let Some(field) = known.shows {
        part.functions.push(show_attribute(module, name, field));
    }
    if !known.on_write.is_empty() {
        let mut body = Body::new(module, Context::Process, None);
        body.actions(&known.on_write);
        part.headers.extend(&body.headers);
        let lines = body.text();
        part.functions.push(text(&StoreAttribute {
            module: m,
            name,
            uses_context: lines.contains("ctx"),
            single: lines.lines().count() == 1,
            locals: body.locals(),
            body: indent(&lines, 2),
        }));
    }
    let (mode, show, store) = match (known.shows.is_some(), !known.on_write.is_empty()) {
        (true, true) => (
            "0644",
            format!("{m}_{name}_show"),
            format!("{m}_{name}_store"),
        ),
        (false, true) => ("0200", "NULL".to_owned(), format!("{m}_{name}_store")),
        (_, false) => ("0444", format!("{m}_{name}_show"), "NULL".to_owned()),
    };
    part.functions.push(text(&AttributeObject {
        module: m,
        name,
        mode,
        show,
        store,
    }));
}

fn show_attribute(module: &Module, name: &str, field: FieldRef) -> String {
    let mut body = Body::new(module, Context::Process, None);
    let value = body.read(field);
    body.actions(&[]);
    text(&ShowAttribute {
        module: &module.name,
        name,
        locals: body.locals(),
        body: indent(&body.text(), 1),
        format: place::conversion(module, field),
        value,
    })
}

/// What a device brings.
pub fn device(module: &Module, device: &Device) -> Part {
    let mut part = Part::default();
    part.headers.extend(["fs.h", "poll.h", "uaccess.h"]);
    part.types.insert("miscdevice.h");
    let (m, name) = (&module.name, &device.name);
    let about = device.about.as_deref().unwrap_or("the module's own");
    part.member(
        name,
        format!("device: {about}"),
        format!("struct miscdevice {name};"),
    );
    let mut body = Body::new(module, Context::Process, None);
    body.actions(&device.on_open);
    part.headers.extend(&body.headers);
    let lines = body.text();
    let view = |fifo: usize| FifoView {
        name: &module.fifos[fifo].name,
        item: place::type_name(module.fifos[fifo].item),
        wakes: module.fifos[fifo].is_written,
    };
    part.functions.push(text(&DeviceFunctions {
        module: m,
        name,
        open: (!device.on_open.is_empty()).then(|| indent(&lines, 1)),
        uses_context: lines.contains("ctx"),
        locals: body.locals(),
        reads: device.reads.map(view),
        writes: device.writes.map(view),
    }));
    part.begin
        .push(format!("ctx->{name}.minor = MISC_DYNAMIC_MINOR;"));
    part.begin.push(format!(
        "ctx->{name}.name = \"{}\";",
        file_name(module, name)
    ));
    part.begin
        .push(format!("ctx->{name}.fops = &{m}_{name}_fops;"));
    part.steps.push(Step {
        set_up: format!("ret = misc_register(&ctx->{name});"),
        fails: Fails::Nonzero,
        then: String::new(),
        undo: format!("misc_deregister(&ctx->{name});"),
        label: format!("err_deregister_{name}"),
    });
    part
}
