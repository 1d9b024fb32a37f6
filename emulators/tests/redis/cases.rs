//! The tables: files of conversations in `cases/`, byte for byte.
//!
//! ```text
//! # set.xx-missing: XX on an absent key writes nothing      an id, and what is promised
//! ; a remark
//! > SET k "a b\r\n" XX        a command, its words quoted as in redis-cli; one reply is expected; {99*x} repeats
//! < $-1\r\n                   that reply, escaped; {int} and {any} stand for what legitimately varies
//! <~ *2\r\n+a\r\n+b\r\n       a reply whose elements may come in any order
//! >- PING                     a command whose reply is not expected here
//! >> PING\r\n                 raw bytes
//! 2> GET k                    a second connection; it is opened when first used
//! ! close                     the server closes (2! for another connection)
//! ! silent                    it sends nothing, and does not close
//! ! hangup                    the client says that it will send no more
//! ! wait 20ms                 time passes, virtual or real
//! ! differs WHY               the emulator does not do this, and says so; the case fails once it does
//! ```
//!
//! Every case has a server of its own. `BLESS=1` rewrites the replies, from the real server only: a line that still
//! matches stays as it is, with its placeholders.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::resp;
use crate::target::{Client, Target};

/// One conversation.
pub struct Case {
    /// `set.xx-missing`
    pub id: String,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// One line of a conversation.
pub struct Step {
    /// Where in the file, counted from 0.
    line: usize,
    client: usize,
    /// What happens.
    pub action: Action,
}

/// What a line says.
#[derive(Debug)]
pub enum Action {
    /// A command, and whether one reply is expected.
    Command { words: Vec<Vec<u8>>, answered: bool },
    /// Bytes as they are.
    Raw(Vec<u8>),
    /// A reply.
    Reply { expected: String, ordered: bool },
    /// The server closes.
    Close,
    /// The server says nothing.
    Silent,
    /// The client will send no more.
    HangUp,
    /// Time passes.
    Wait(Duration),
    /// The emulator is known to answer something else.
    Differs,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/redis/cases")
}

/// Every file of the folder and its text.
pub fn files() -> BTreeMap<PathBuf, String> {
    let entries = std::fs::read_dir(folder()).expect("the folder of the tables");
    entries
        .map(|entry| entry.expect("a folder entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .map(|path| (path.clone(), std::fs::read_to_string(path).expect("a table")))
        .collect()
}

/// The cases in the text of a file.
pub fn read(text: &str) -> Result<Vec<Case>, String> {
    let mut cases: Vec<Case> = Vec::new();
    for (line, text) in text.lines().enumerate() {
        let wrong = |what: &str| format!("line {}: {what}: {text}", line + 1);
        if text.is_empty() || text.starts_with(';') {
            continue;
        }
        if let Some(title) = text.strip_prefix("# ") {
            let (id, promise) = title.split_once(": ").ok_or_else(|| wrong("no `# id: promise`"))?;
            if promise.is_empty() || cases.iter().any(|case| case.id == id) {
                return Err(wrong("no promise, or an id that is taken"));
            }
            let (id, steps) = (id.to_owned(), Vec::new());
            cases.push(Case { id, steps });
            continue;
        }
        let case = cases.last_mut().ok_or_else(|| wrong("no case yet"))?;
        let digits = text.len() - text.trim_start_matches(|one: char| one.is_ascii_digit()).len();
        let (client, text) = text.split_at(digits);
        case.steps.push(Step {
            line,
            client: client.parse().unwrap_or(1),
            action: action(text).map_err(|error| wrong(&error))?,
        });
    }
    Ok(cases)
}

fn action(text: &str) -> Result<Action, String> {
    let (mark, rest) = text.split_once(' ').unwrap_or((text, ""));
    let reply = |ordered| Action::Reply {
        expected: rest.to_owned(),
        ordered,
    };
    let command = |answered| -> Result<Action, String> {
        let words = words(rest)?;
        Ok(Action::Command { words, answered })
    };
    match (mark, rest) {
        (">", _) => command(true),
        (">-", _) => command(false),
        (">>", _) => Ok(Action::Raw(request(rest)?)),
        ("<", _) => Ok(reply(true)),
        ("<~", _) => Ok(reply(false)),
        ("!", "close") => Ok(Action::Close),
        ("!", "silent") => Ok(Action::Silent),
        ("!", "hangup") => Ok(Action::HangUp),
        ("!", _) if rest.starts_with("differs ") => Ok(Action::Differs),
        ("!", _) => {
            let time = rest.strip_prefix("wait ").and_then(|time| time.strip_suffix("ms"));
            let time = time.and_then(|time| time.parse().ok()).ok_or("unknown event")?;
            Ok(Action::Wait(Duration::from_millis(time)))
        }
        _ => Err("unknown line".to_owned()),
    }
}

/// Words as redis-cli splits them: spaces part them, double quotes hold them together and have escapes.
fn words(text: &str) -> Result<Vec<Vec<u8>>, String> {
    let (mut words, mut rest) = (Vec::new(), text.trim_start());
    while !rest.is_empty() {
        let (word, after) = if let Some(quoted) = rest.strip_prefix('"') {
            let bytes = quoted.as_bytes();
            let end = (0..bytes.len())
                .find(|&at| {
                    let slashes = bytes[..at].iter().rev().take_while(|&&byte| byte == b'\\').count();
                    bytes[at] == b'"' && slashes % 2 == 0
                })
                .ok_or("unbalanced quotes")?;
            (&quoted[..end], &quoted[end + 1..])
        } else {
            rest.split_at(rest.find(' ').unwrap_or(rest.len()))
        };
        words.push(request(word)?);
        rest = after.trim_start();
    }
    Ok(words)
}

/// The bytes of a request: escapes, and `{99*x}` for a byte ninety-nine times.
fn request(text: &str) -> Result<Vec<u8>, String> {
    let Some((before, rest)) = text.split_once('{').filter(|(before, _)| !before.ends_with('\\')) else {
        return resp::unescape(text);
    };
    let (count, rest) = rest.split_once('*').ok_or("`{` without `*`")?;
    let (byte, after) = rest.split_once('}').ok_or("`{` without `}`")?;
    let count = count.parse().map_err(|_| "not a count")?;
    let middle = resp::unescape(byte)?.repeat(count);
    Ok([resp::unescape(before)?, middle, request(after)?].concat())
}

/// What a run of a case found.
#[derive(Default)]
struct Outcome {
    /// What differs, a line each.
    differences: Vec<String>,
    /// What the lines should be: a line to replace, or (at a command) one to add after it.
    corrections: BTreeMap<usize, Correction>,
}

enum Correction {
    Replace(String),
    AddAfter(String),
}

/// A case, talking to a server.
struct Talk<'a> {
    target: &'a Target,
    clients: BTreeMap<usize, Client>,
    outcome: Outcome,
}

async fn talk(case: &Case, target: &Target) -> Outcome {
    let (clients, outcome) = (BTreeMap::new(), Outcome::default());
    let mut talk = Talk {
        target,
        clients,
        outcome,
    };
    for (at, step) in case.steps.iter().enumerate() {
        let next = case.steps.get(at + 1);
        if let Err(error) = talk.step(step, next).await {
            let line = step.line + 1;
            talk.outcome.differences.push(format!("line {line}: {error}"));
            break;
        }
    }
    for (client, mut connection) in talk.clients {
        if let Err(error) = connection.silent_or_closed().await {
            let difference = format!("at the end, connection {client}: {error}");
            talk.outcome.differences.push(difference);
        }
    }
    talk.outcome
}

impl Talk<'_> {
    async fn step(&mut self, step: &Step, next: Option<&Step>) -> Result<(), String> {
        if !self.clients.contains_key(&step.client) {
            self.clients.insert(step.client, self.target.client().await);
        }
        let client = self.clients.get_mut(&step.client).expect("just opened");
        match &step.action {
            Action::Command { words, answered } => {
                client.send(&resp::encode(words)).await;
                let follows = next.is_some_and(|next| {
                    next.client == step.client && matches!(next.action, Action::Reply { .. } | Action::Close)
                });
                if *answered && !follows {
                    let (reply, _) = client.reply().await?;
                    let mark = client_mark(step.client);
                    let line = format!("{mark}< {}", resp::escape(&reply));
                    let difference = format!("line {}: no reply is written down; it is {line}", step.line + 1);
                    self.outcome.differences.push(difference);
                    self.outcome.corrections.insert(step.line, Correction::AddAfter(line));
                }
            }
            Action::Raw(bytes) => client.send(bytes).await,
            Action::Reply { expected, ordered } => {
                let (reply, frame) = client.reply().await?;
                let same = if *ordered {
                    matches(expected, &reply)?
                } else {
                    let expected = resp::unescape(expected)?;
                    resp::parse(&expected).is_some_and(|(expected, _)| expected.sorted() == frame.sorted())
                };
                if !same {
                    let (mark, order) = (client_mark(step.client), if *ordered { "" } else { "~" });
                    let came = format!("{mark}<{order} {}", resp::escape(&reply));
                    self.outcome.differences.push(format!(
                        "line {}:\n    expected {mark}<{order} {expected}\n    came     {came}",
                        step.line + 1
                    ));
                    self.outcome.corrections.insert(step.line, Correction::Replace(came));
                }
            }
            Action::Close => {
                let before = client.closed().await?;
                if !before.is_empty() {
                    return Err(format!("before it closed: {}", resp::escape(&before)));
                }
            }
            Action::Silent => client.silent().await?,
            Action::HangUp => client.finish().await,
            Action::Wait(time) => self.target.pass(*time).await,
            Action::Differs => {}
        }
        Ok(())
    }
}

fn client_mark(client: usize) -> String {
    if client == 1 { String::new() } else { client.to_string() }
}

/// A piece of an expectation.
enum Piece {
    Exactly(Vec<u8>),
    Integer,
    Anything,
}

fn pieces(expected: &str) -> Result<Vec<Piece>, String> {
    let (mut pieces, mut rest, mut from) = (Vec::new(), expected, 0);
    while let Some(open) = rest[from..].find('{').map(|at| at + from) {
        if rest[..open].ends_with('\\') {
            from = open + 1;
            continue;
        }
        let (name, after) = rest[open + 1..].split_once('}').ok_or("`{` without `}`")?;
        pieces.push(Piece::Exactly(resp::unescape(&rest[..open])?));
        pieces.push(match name {
            "int" => Piece::Integer,
            "any" => Piece::Anything,
            _ => return Err(format!("unknown placeholder `{name}`")),
        });
        (rest, from) = (after, 0);
    }
    pieces.push(Piece::Exactly(resp::unescape(rest)?));
    Ok(pieces)
}

fn matches(expected: &str, reply: &[u8]) -> Result<bool, String> {
    Ok(fits(&pieces(expected)?, reply))
}

fn fits(pieces: &[Piece], bytes: &[u8]) -> bool {
    let Some((first, rest)) = pieces.split_first() else {
        return bytes.is_empty();
    };
    match first {
        Piece::Exactly(exactly) => bytes
            .strip_prefix(exactly.as_slice())
            .is_some_and(|bytes| fits(rest, bytes)),
        Piece::Integer => {
            let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
            let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
            count > 0 && fits(rest, &digits[count..])
        }
        Piece::Anything => (0..=bytes.len()).any(|from| fits(rest, &bytes[from..])),
    }
}

/// Runs every case, each on a fresh server, and says everything that differs.
fn judge(fresh: impl Fn() -> Target, bless: bool) {
    #[allow(clippy::disallowed_methods)] // a test has no command above it that could read this
    let filter = std::env::var("CASES").unwrap_or_default();
    let (mut count, mut report) = (0, String::new());
    for (path, text) in files() {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let cases = read(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut corrections = BTreeMap::new();
        for case in cases.iter().filter(|case| case.id.starts_with(&filter)) {
            let target = fresh();
            let outcome = target.run(talk(case, &target));
            count += 1;
            let known = !target.is_real() && case.steps.iter().any(|step| matches!(step.action, Action::Differs));
            if known && outcome.differences.is_empty() {
                report.push_str(&format!("{name} {}: differs no longer; take the line away\n", case.id));
            }
            for difference in outcome.differences.iter().filter(|_| !known) {
                report.push_str(&format!("{name} {}: {difference}\n", case.id));
            }
            corrections.extend(outcome.corrections);
        }
        if bless && !corrections.is_empty() {
            std::fs::write(&path, corrected(&text, &corrections)).expect("a table that can be written");
        }
    }
    assert!(count > 0, "no case begins with `{filter}`");
    assert!(report.is_empty(), "of {count} cases, some differ:\n{report}");
}

fn corrected(text: &str, corrections: &BTreeMap<usize, Correction>) -> String {
    let mut lines = Vec::new();
    for (number, line) in text.lines().enumerate() {
        match corrections.get(&number) {
            None => lines.push(line.to_owned()),
            Some(Correction::Replace(with)) => lines.push(with.clone()),
            Some(Correction::AddAfter(add)) => lines.extend([line.to_owned(), add.clone()]),
        }
    }
    lines.join("\n") + "\n"
}

#[test]
fn emulator_keeps_the_table() {
    judge(Target::emulated, false);
}

#[test]
fn emulator_keeps_the_table_byte_by_byte() {
    judge(Target::emulated_in_pieces, false);
}

#[test]
#[ignore = "needs redis-server"]
fn real_server_keeps_the_table() {
    #[allow(clippy::disallowed_methods)] // a test has no command above it that could read this
    let bless = std::env::var("BLESS").is_ok_and(|value| value == "1");
    judge(Target::real, bless);
}

#[test]
fn placeholders_stand_for_what_varies_and_for_nothing_else() {
    let cases = [
        (r"+OK\r\n", "+OK\r\n", true),
        (r"+OK\r\n", "+OK\r\n+", false),
        (r":{int}\r\n", ":-17\r\n", true),
        (r":{int}\r\n", ":\r\n", false),
        (r":{int}\r\n", ":1x\r\n", false),
        (r"${int}\r\na{any}z\r\n", "$3\r\na\nz\r\n", true),
        (r"${int}\r\na{any}z\r\n", "$3\r\nb\nz\r\n", false),
        (r"+\{int}\r\n", "+{int}\r\n", true),
    ];
    for (expected, reply, same) in cases {
        assert_eq!(matches(expected, reply.as_bytes()), Ok(same), "{expected} {reply:?}");
    }
}

#[test]
fn a_table_that_is_wrong_says_where() {
    let table = "# a.b: promise\n> SET \"k 1\\n\" v\n2<~ *0\\r\\n\n! wait 5ms\n";
    assert_eq!(read(table).unwrap()[0].steps.len(), 3);
    for wrong in [
        "> GET k",
        "# a.b",
        "# a: b\n? k",
        "# a: b\n> \"k",
        "# a: b\n! wait",
        "# a: b\n# a: c",
        "# a: b\n>> \\q",
    ] {
        assert!(read(wrong).is_err_and(|error| error.starts_with("line ")), "{wrong}");
    }
}
