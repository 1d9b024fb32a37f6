//! Signatures of files and images: made and verified as cosign 3 does, with key pairs and without (Fulcio, Rekor, timestamps).
//!
//! [`Signer`] makes bundles; [`judge()`] says whether [`Evidence`] is enough for a [`Policy`]. Every refusal is a [`Check`] by
//! name. Verifying needs no network: what is trusted is a key, or a [`Trust`] root from a file or from this slt. Nothing here prints,
//! asks, or reads the environment.

mod bundle;
mod check;
mod device;
mod exchange;
mod form;
mod judge;
mod keys;
pub mod legacy;
mod pem;
pub mod policy;
pub mod predicates;
mod provider;
mod services;
mod sign;
mod statement;
pub mod store;
pub mod token;
mod trust;
mod verify;

pub use bundle::{BUNDLE_MAX_BYTES, Bundle, MEDIA_TYPE};
pub use check::{Check, Refusal};
pub use judge::{Believed, Evidence, Finding, Judgement, Outcome, Verdict, Who, judge};
pub use keys::{KEY_FILE_MAX_BYTES, KeyError, NewPair, PrivateKey, PublicKey};
pub use policy::Policy;
pub use provider::install;
pub use services::{SIGNING_CONFIG_MAX_BYTES, Services};
pub use sign::{SignError, Signer};
pub use statement::{COSIGN_SIGN, PAYLOAD_TYPE};
pub use token::Token;
pub use trust::{TRUSTED_ROOT_MAX_BYTES, Trust, TrustError};
pub use verify::Subject;

use crate::registry::{Client, Error, Reference};

/// Whether what lies beside an image in a registry is enough for a policy. The reference has the digest that is asked about.
///
/// # Errors
/// The registry fails.
pub async fn verify_reference(
    client: &Client,
    at: &Reference,
    policy: &Policy,
    trust: Option<&Trust>,
) -> Result<Verdict, Error> {
    let digest = at.digest.clone().ok_or_else(|| Error::Malformed {
        what: format!("`{at}`"),
        reason: "what is verified is a digest, and a tag is none".to_owned(),
    })?;
    let evidence = store::evidence(client, at, &mut store::Budget::default()).await?;
    Ok(judge(&Subject::Image(digest.hex()), &evidence, policy, trust))
}

/// What a crate says, as a part of a sentence.
fn said(error: &dyn std::fmt::Display) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if second.is_lowercase() => {
            first.to_lowercase().chain(text.chars().skip(1)).collect()
        }
        _ => text,
    }
}
