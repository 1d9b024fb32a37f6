//! The tables and keys of a document, for an editor's outline. No value is in it but names and resources.

use lsp_types::{DocumentSymbol, DocumentSymbolResponse, Location, SymbolInformation, SymbolKind};

use super::outline::{Pair, Table};
use super::view::View;

/// A symbol of the outermost level, and the table that it stands for.
struct Outer<'o> {
    name: &'o str,
    entry: usize,
    symbol: DocumentSymbol,
}

/// The symbols of a document.
#[must_use]
pub fn symbols(view: &View<'_>) -> DocumentSymbolResponse {
    let mut outer: Vec<Outer<'_>> = Vec::new();
    for table in &view.outline().tables {
        let symbol = || of_table(view, table);
        let (name, is_below) = match table.path.as_slice() {
            [] => {
                outer.extend(table.pairs.iter().map(|pair| Outer {
                    name: "",
                    entry: 0,
                    symbol: of_pair(view, pair),
                }));
                continue;
            }
            _ if table.header.is_none() => continue,
            [name] => (name, false),
            [name, ..] => (name, true),
        };
        let last = outer
            .last_mut()
            .filter(|last| is_below && last.name == name && last.entry == table.entry);
        match last {
            // `[capability.configs]` belongs to the `[[capability]]` above it.
            Some(last) => {
                let symbol = symbol();
                last.symbol.range.end = symbol.range.end;
                last.symbol.children.get_or_insert_default().push(symbol);
            }
            None => outer.push(Outer {
                name,
                entry: table.entry,
                symbol: symbol(),
            }),
        }
    }
    let symbols: Vec<_> = outer.into_iter().map(|outer| outer.symbol).collect();
    match view.client.nested_symbols {
        true => symbols.into(),
        false => flat(view, &symbols, None).into(),
    }
}

fn of_table(view: &View<'_>, table: &Table) -> DocumentSymbol {
    let name = table.path.join(".");
    let text = |key: &str| {
        let is_it = |pair: &&Pair| matches!(pair.key.as_slice(), [(only, _)] if only == key);
        table.pairs.iter().find(is_it)?.value.as_ref()?.text.clone()
    };
    let is_capability = table.is_array && name == "capability";
    let (name, detail) = match is_capability {
        true => (text("name").unwrap_or(name), text("resource")),
        false => (name, None),
    };
    let children: Vec<_> = table.pairs.iter().map(|pair| of_pair(view, pair)).collect();
    let header = table.header.clone().unwrap_or(table.extent.start..table.extent.start);
    let written = view.text.get(table.extent.clone()).unwrap_or_default().trim_end().len();
    let range = table.extent.start..(table.extent.start + written).max(header.end);
    symbol(view, &name, detail, SymbolKind::Namespace, (&range, &header), children)
}

fn of_pair(view: &View<'_>, pair: &Pair) -> DocumentSymbol {
    let key = pair.key_range();
    let parts: Vec<_> = pair.key.iter().map(|(part, _)| part.as_str()).collect();
    let value = pair.value.as_ref();
    let end = value.map_or(key.end, |value| value.range.end.max(key.end));
    let inline = value.and_then(|value| view.outline().inline(value.range.start));
    let children = inline.map_or(&[][..], |inline| &inline.pairs);
    let children = children.iter().map(|pair| of_pair(view, pair)).collect();
    let range = key.start..end;
    symbol(
        view,
        &parts.join("."),
        None,
        SymbolKind::Property,
        (&range, &key),
        children,
    )
}

fn symbol(
    view: &View<'_>,
    name: &str,
    detail: Option<String>,
    kind: SymbolKind,
    (range, selected): (&std::ops::Range<usize>, &std::ops::Range<usize>),
    children: Vec<DocumentSymbol>,
) -> DocumentSymbol {
    // The protocol has no symbol without a name.
    let name = if name.trim().is_empty() { "…" } else { name };
    #[allow(deprecated)] // the field is there, and left out
    DocumentSymbol {
        name: name.to_owned(),
        detail,
        kind,
        tags: None,
        deprecated: None,
        range: view.lines.range(range),
        selection_range: view.lines.range(selected),
        children: (!children.is_empty()).then_some(children),
    }
}

/// The same for a client that knows of no symbols in symbols.
fn flat(view: &View<'_>, symbols: &[DocumentSymbol], container: Option<&str>) -> Vec<SymbolInformation> {
    let mut all = Vec::new();
    for symbol in symbols {
        #[allow(deprecated)] // the field is there, and left out
        all.push(SymbolInformation {
            deprecated: None,
            location: Location {
                uri: view.uri.clone(),
                range: symbol.range,
            },
            base_symbol_information: lsp_types::BaseSymbolInformation {
                name: symbol.name.clone(),
                kind: symbol.kind,
                tags: None,
                container_name: container.map(ToOwned::to_owned),
            },
        });
        all.extend(flat(
            view,
            symbol.children.as_deref().unwrap_or_default(),
            Some(&symbol.name),
        ));
    }
    all
}
