//! What is not believed: bundles that cosign made, spoiled thing by thing, and what `slt verify` says of each.
//!
//! Three tables: [`files`] has the lies about files, by name; [`bytes`] flips a byte in every field of a bundle; [`images`] has those
//! about images, in a registry. Each case names the check that must refuse it, and its control, the same without the lie, must be
//! believed. The judges see the same cases ([`crate::judged`]): where cosign refuses, slt refuses; where slt is stricter, the case
//! says why.

mod any;
mod att;
mod bytes;
mod files;
pub mod images;
mod repository;
pub mod scene;
pub mod verdict;

pub use bytes::flips;
pub use files::CASES;
pub use images::IMAGES;

/// Runs all of them, and tells all that went otherwise.
pub fn none(problems: &[String]) {
    assert!(
        problems.is_empty(),
        "{} of them:\n{}",
        problems.len(),
        problems.join("\n")
    );
}

#[test]
fn every_case_has_a_name_of_its_own() {
    let images = IMAGES.iter().map(|case| case.name);
    let mut names: Vec<&str> = CASES.iter().map(|case| case.name).chain(images).collect();
    names.sort_unstable();
    let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
    assert_eq!(twice, None);
}
