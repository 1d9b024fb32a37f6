//! `slt new`: writes a project from a template, all of it or nothing. `slt add`, `slt remove` and `slt migrate`: what is to be changed
//! in the files of a project.
//!
//! The templates that are part of slt are real projects under `templates/`, which build as they lie there under the name
//! `shortener`; here they get the name that the user gave. Nothing is fetched for them and no tool is run. A template of somebody
//! else is read from a folder, or fetched by the user's `git`; nothing of it is run.

mod add;
mod bindings;
mod c;
mod cargo;
mod carried;
mod changes;
mod error;
mod foreign;
mod imports;
mod migrate;
mod name;
mod new;
mod refusal;
mod remove;
mod rename;
mod rust;
mod template;
mod wit;

pub use add::{Added, DEFAULT_NAME, Sources, Wanted, add};
pub use changes::{Change, make};
pub use error::ScaffoldError;
pub use foreign::{ForeignError, Origin, Question, Template as ForeignTemplate, read as read_foreign};
pub use migrate::{Migrated, migrate};
pub use name::NameError;
pub use new::{Plan, plan, plan_foreign, write};
pub use refusal::Refusal;
pub use remove::{Removed, remove};
pub use template::{TEMPLATES, Template};
