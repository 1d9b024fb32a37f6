//! `LCS`: the longest common subsequence of two strings.
//!
//! The table of lengths is filled, and walked back, as Redis does it: of several longest subsequences, which one is
//! answered is part of the command's behaviour.

use std::ops::Range;

use super::call::Call;
use super::error::Error;
use super::number;
use super::reply::Reply;

#[derive(Debug, Default)]
struct Options {
    length_only: bool,
    matches: bool,
    with_lengths: bool,
    min_length: i64,
}

/// A part that both have: its place in each.
type Match = (Range<usize>, Range<usize>);

/// `LCS key1 key2 [LEN] [IDX] [MINMATCHLEN length] [WITHMATCHLEN]`
pub fn lcs(call: &mut Call<'_>) -> Result<Reply, Error> {
    let (a, b) = (call.argument(1), call.argument(2));
    let mut value = |key| call.read(key).map(|entry| entry.value).unwrap_or_default();
    let (a, b) = (value(a), value(b));
    let options = options(call)?;
    if options.length_only && options.matches {
        return Err(Error::Fixed(
            "ERR If you want both the length and indexes, please just use IDX.",
        ));
    }
    let cells = (a.len() as u64 + 1).saturating_mul(b.len() as u64 + 1);
    let is_too_large = i64::try_from(cells.saturating_mul(4)).map_or(true, |bytes| bytes > call.max_string_bytes());
    if is_too_large {
        return Err(Error::Fixed(
            "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len",
        ));
    }
    let table = Table::new(&a, &b);
    if options.length_only {
        return Ok(Reply::Integer(i64::from(table.get(a.len(), b.len()))));
    }
    let (common, matches) = table.walk_back(&a, &b);
    if !options.matches {
        return Ok(Reply::Bulk(common.into()));
    }
    let matches = matches
        .into_iter()
        .filter(|(in_a, _)| i64::try_from(in_a.len()).is_ok_and(|length| length >= options.min_length))
        .map(|found| describe(found, options.with_lengths))
        .collect();
    Ok(Reply::Map(vec![
        (Reply::text("matches"), Reply::Array(matches)),
        (
            Reply::text("len"),
            Reply::Integer(i64::from(table.get(a.len(), b.len()))),
        ),
    ]))
}

fn options(call: &Call<'_>) -> Result<Options, Error> {
    let mut options = Options::default();
    let mut at = 3;
    while at < call.arguments.len() {
        if call.is_word(at, "IDX") {
            options.matches = true;
        } else if call.is_word(at, "LEN") {
            options.length_only = true;
        } else if call.is_word(at, "WITHMATCHLEN") {
            options.with_lengths = true;
        } else if call.is_word(at, "MINMATCHLEN") && at + 1 < call.arguments.len() {
            at += 1;
            options.min_length = number::parse(call.argument(at)).ok_or(Error::NotAnInteger)?.max(0);
        } else {
            return Err(Error::Syntax);
        }
        at += 1;
    }
    Ok(options)
}

fn describe((in_a, in_b): Match, with_length: bool) -> Reply {
    let ends = |place: &Range<usize>| {
        Reply::Array(vec![
            Reply::count(place.start),
            Reply::count(place.end.saturating_sub(1)),
        ])
    };
    let mut parts = vec![ends(&in_a), ends(&in_b)];
    if with_length {
        parts.push(Reply::count(in_a.len()));
    }
    Reply::Array(parts)
}

/// For each pair of beginnings, how long their longest common subsequence is.
struct Table {
    width: usize,
    lengths: Vec<u32>,
}

impl Table {
    fn new(a: &[u8], b: &[u8]) -> Self {
        let width = b.len() + 1;
        let mut lengths = vec![0; width];
        lengths.reserve_exact(width * a.len());
        let mut above = vec![0; width];
        for in_a in a {
            let mut row = Vec::with_capacity(width);
            let mut left = 0;
            row.push(left);
            for (in_b, pair) in b.iter().zip(above.windows(2)) {
                let [diagonal, up] = pair else { continue };
                left = if in_a == in_b { diagonal + 1 } else { left.max(*up) };
                row.push(left);
            }
            lengths.extend_from_slice(&row);
            above = row;
        }
        Self { width, lengths }
    }

    fn get(&self, a: usize, b: usize) -> u32 {
        self.lengths.get(a * self.width + b).copied().unwrap_or(0)
    }

    /// The subsequence, and its parts from the last to the first.
    fn walk_back(&self, a: &[u8], b: &[u8]) -> (Vec<u8>, Vec<Match>) {
        let (mut common, mut matches) = (Vec::new(), Vec::new());
        let mut current: Option<Match> = None;
        let (mut i, mut j) = (a.len(), b.len());
        while i > 0 && j > 0 {
            let byte = a.get(i - 1).filter(|byte| b.get(j - 1) == Some(*byte));
            if let Some(byte) = byte {
                common.push(*byte);
                (i, j) = (i - 1, j - 1);
                current = match current.take() {
                    Some((in_a, in_b)) if in_a.start == i + 1 && in_b.start == j + 1 => {
                        Some((i..in_a.end, j..in_b.end))
                    }
                    other => {
                        matches.extend(other);
                        Some((i..i + 1, j..j + 1))
                    }
                };
            } else if self.get(i - 1, j) > self.get(i, j - 1) {
                i -= 1;
            } else {
                j -= 1;
            }
        }
        matches.extend(current);
        common.reverse();
        (common, matches)
    }
}
