//! The services that witness a signature: Fulcio, Rekor and a timestamp authority, as a `signing_config.json` names them.
//!
//! Entries of logs are the `sigstore` crates' types. The requests are made here, by clients that follow no redirect, so that no token goes to
//! another host, take no compressed answer, and give up; of an answer so much is read as [`super::exchange`] says. What a service answers
//! is believed when the finished bundle verifies against the trusted root, and not before. Plain HTTP is for this machine only.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use jiff::Timestamp;
use reqwest::{Client, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};
use sigstore_crypto::KeyAlgorithm;
use sigstore_oidc::IdentityToken;
use sigstore_rekor::{HashedRekordV2, LogEntry, RekorApiVersion, RekorV2KeyDetails};
use sigstore_trust_root::{
    SIGSTORE_PRODUCTION_SIGNING_CONFIG, ServiceConfiguration, ServiceEndpoint, ServiceSelector, SigningConfig,
};
use sigstore_types::{
    DerCertificate, DsseEnvelope, KindVersion, Sha256Hash, SignatureBytes, TimestampToken, TransparencyLogEntry,
};
use url::Url;

use super::exchange::{Answer, ask};
use super::keys::{PrivateKey, PublicKey};
use super::provider;
use super::sign::SignError;
use super::trust::Trust;
use crate::support::http::{Authorities, Clients, Limits, Proxies, is_loopback};
use crate::support::text::one_line;

/// The largest signing config, in bytes: the public one has 2,000.
pub const SIGNING_CONFIG_MAX_BYTES: u64 = 1 << 20;

const CONNECT_SECONDS: u64 = 10;
/// A log of Rekor v2 answers when the entry is in a signed checkpoint; its client says to allow 20 seconds at least.
const ANSWER_SECONDS: u64 = 60;
/// How far a log's clock may be ahead of this machine's: no machine that keeps its time over a network is off by more.
const AHEAD_MAX_SECONDS: u64 = 10;
/// The most logs and the most timestamp authorities that a config may ask for.
const WITNESSES_MAX: usize = 8;

/// Where signatures are witnessed.
#[derive(Debug, Clone)]
pub struct Services {
    fulcio: Option<String>,
    oidc: Option<String>,
    logs: Vec<(String, RekorApiVersion)>,
    authorities: Vec<String>,
    clients: Clients,
    trust: Arc<Trust>,
}

/// Who vouches for a signature, as a log wants to know it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Voucher<'a> {
    Key(&'a PublicKey),
    Certificate(&'a DerCertificate),
}

impl Services {
    /// The services that a signing config names, as cosign takes it.
    ///
    /// # Errors
    /// It is none, or it cannot be done as it demands.
    pub fn from_json(text: &str, trust: Arc<Trust>, proxies: Proxies) -> Result<Self, SignError> {
        let wrong = |what: String| SignError::Config(what);
        let config = SigningConfig::from_json(text).map_err(|error| wrong(error.to_string()))?;
        let address = |endpoint: &&ServiceEndpoint| endpoint.url.clone();
        let logs = config.eligible_rekor_urls(None);
        let logs = chosen("Rekor", &config.rekor_tlog_config, &logs)?
            .into_iter()
            .map(|log| {
                let version = RekorApiVersion::from_major(log.major_api_version);
                let version = version.ok_or_else(|| wrong(format!("there is no Rekor v{}", log.major_api_version)))?;
                Ok((log.url.clone(), version))
            });
        let authorities = config.eligible_tsa_urls();
        let authorities = chosen("timestamp authorities", &config.tsa_config, &authorities)?;
        let services = Self {
            fulcio: config.fulcio_url().map(|endpoint| endpoint.url.clone()),
            oidc: config.oidc_url().map(|endpoint| endpoint.url.clone()),
            logs: logs.collect::<Result<_, SignError>>()?,
            authorities: authorities.iter().map(address).collect(),
            clients: clients(proxies)?,
            trust,
        };
        services.addresses().try_for_each(|url| is_safe(url).map(drop))?;
        Ok(services)
    }

    /// Sigstore's public-good services, as they were when this slt was made.
    ///
    /// # Errors
    /// None of them is in service any more.
    pub fn public_good(trust: Arc<Trust>, proxies: Proxies) -> Result<Self, SignError> {
        Self::from_json(SIGSTORE_PRODUCTION_SIGNING_CONFIG, trust, proxies)
    }

    fn addresses(&self) -> impl Iterator<Item = &str> {
        let logs = self.logs.iter().map(|(url, _)| url);
        let all = self
            .fulcio
            .iter()
            .chain(&self.oidc)
            .chain(&self.authorities)
            .chain(logs);
        all.map(String::as_str)
    }

    /// Where a user proves who they are.
    ///
    /// # Errors
    /// The config names nobody.
    pub fn oidc(&self) -> Result<&str, SignError> {
        let oidc = self.oidc.as_deref();
        oidc.ok_or_else(|| SignError::Config("it names no OIDC provider that is in service".to_owned()))
    }

    /// The client for an address, which a service or a CI system has given.
    pub(super) fn client(&self, url: &str) -> Result<&Client, SignError> {
        let unusable = |reason| SignError::Config(format!("there is no HTTP client: {reason}"));
        self.clients.of(&is_safe(url)?).map_err(unusable)
    }

    pub(super) fn trust(&self) -> &Trust {
        &self.trust
    }

    pub(super) fn has_log(&self) -> bool {
        !self.logs.is_empty()
    }

    /// Asks a service at its address, or at a path below that.
    async fn post(
        &self,
        service: &'static str,
        (url, path): (&str, &str),
        media_type: &'static str,
        body: Vec<u8>,
    ) -> Result<Answer, SignError> {
        let whole = format!(
            "{}{path}",
            if path.is_empty() {
                url
            } else {
                url.trim_end_matches('/')
            }
        );
        let request = self
            .client(url)?
            .post(whole)
            .header(CONTENT_TYPE, media_type)
            .body(body);
        ask(request).await.map_err(|why| failed(service, url, &why))
    }

    async fn post_json(
        &self,
        service: &'static str,
        at: (&str, &str),
        body: &impl Serialize,
    ) -> Result<Answer, SignError> {
        let body = serde_json::to_vec(body).map_err(|error| SignError::Config(error.to_string()))?;
        self.post(service, at, "application/json", body).await
    }

    /// A certificate for a key, for whoever the token names. That it has the key is proved by a signature over the identity
    /// (`CreateSigningCertificateRequest` of Fulcio's `fulcio.proto`).
    pub(super) async fn certificate(
        &self,
        token: &IdentityToken,
        key: &PrivateKey,
    ) -> Result<DerCertificate, SignError> {
        let Some(url) = &self.fulcio else {
            return Err(SignError::Config("it names no Fulcio that is in service".to_owned()));
        };
        let proof = key.sign(token.identity().as_bytes())?;
        let request = json!({
            "credentials": {"oidcIdentityToken": token.expose_secret()},
            "publicKeyRequest": {
                // the PEM says the algorithm
                "publicKey": {"algorithm": "", "content": key.public().to_pem()},
                "proofOfPossession": proof.to_base64(),
            },
        });
        let answer = self.post_json("Fulcio", (url, "/api/v2/signingCert"), &request).await?;
        if matches!(answer.status.as_u16(), 400..=403) {
            let said = answer.said();
            return Err(SignError::Token(format!(
                "Fulcio does not take the identity token: {said}"
            )));
        }
        let failed = |reason: String| failed("Fulcio", url, &reason);
        let answer: Value = answer.json().map_err(failed)?;
        let leaf = leaf(&answer).ok_or_else(|| failed("its answer has no certificate".to_owned()))?;
        DerCertificate::from_pem(leaf).map_err(|error| failed(format!("its certificate is none: {error}")))
    }

    /// Whether each log takes signatures by this key, and slt verifies them there: nothing is sent anywhere otherwise, since an entry
    /// is for ever.
    pub(super) fn can_log(&self, voucher: Voucher<'_>, is_envelope: bool) -> Result<(), SignError> {
        let Voucher::Key(key) = voucher else {
            return Ok(()); // slt made it, of P-256
        };
        let signed = if is_envelope { "statements" } else { "files as they are" };
        self.logs.iter().try_for_each(|(_, version)| {
            let (major, taken) = (version.major(), logged(*version, is_envelope));
            match taken.contains(&key.algorithm()) {
                true => Ok(()),
                false => Err(SignError::Config(format!(
                    "signatures of {signed} by such a key are not logged in Rekor v{major}, those by keys of P-256 are"
                ))),
            }
        })
    }

    /// Entries in the logs: of an envelope, or of a file's digest.
    pub(super) async fn log(
        &self,
        digest: &Sha256Hash,
        signature: &SignatureBytes,
        envelope: Option<&DsseEnvelope>,
        voucher: Voucher<'_>,
    ) -> Result<Vec<TransparencyLogEntry>, SignError> {
        let mut entries = Vec::new();
        for (url, version) in &self.logs {
            let entry = match version {
                RekorApiVersion::V2 => self.log_v2(url, digest, signature, voucher).await?,
                _ => self.log_v1(url, digest, signature, envelope, voucher).await?,
            };
            caught_up(&entry).await;
            entries.push(entry);
        }
        Ok(entries)
    }

    async fn log_v2(
        &self,
        url: &str,
        digest: &Sha256Hash,
        signature: &SignatureBytes,
        voucher: Voucher<'_>,
    ) -> Result<TransparencyLogEntry, SignError> {
        let details = RekorV2KeyDetails::PkixEcdsaP256Sha256;
        let request = match voucher {
            Voucher::Certificate(certificate) => {
                HashedRekordV2::new_with_certificate(digest, signature, certificate, details)
            }
            Voucher::Key(key) => HashedRekordV2::new_with_public_key(digest, signature, key.der(), details),
        };
        let answer = self.post_json("Rekor", (url, "/api/v2/log/entries"), &request).await?;
        logged_by(url, &answer)?;
        answer.json().map_err(|reason| failed("Rekor", url, &reason))
    }

    async fn log_v1(
        &self,
        url: &str,
        digest: &Sha256Hash,
        signature: &SignatureBytes,
        envelope: Option<&DsseEnvelope>,
        voucher: Voucher<'_>,
    ) -> Result<TransparencyLogEntry, SignError> {
        let pem = match voucher {
            Voucher::Certificate(certificate) => certificate.to_pem(),
            Voucher::Key(key) => key.to_pem(),
        };
        use base64::Engine;
        let pem = base64::engine::general_purpose::STANDARD.encode(pem);
        let (kind, request) = proposed(digest, signature, envelope, &pem)?;
        let answer = self.post_json("Rekor", (url, "/api/v1/log/entries"), &request).await?;
        logged_by(url, &answer)?;
        let failed = |reason: String| failed("Rekor", url, &reason);
        // one entry, by its UUID
        let entries: BTreeMap<String, LogEntry> = answer.json().map_err(failed)?;
        let entry = entries.values().next();
        let entry = entry.ok_or_else(|| failed("its answer has no entry".to_owned()))?;
        entry.to_bundle_entry(kind).map_err(|error| failed(error.to_string()))
    }

    /// Timestamps of a signature.
    pub(super) async fn timestamps(&self, signature: &SignatureBytes) -> Result<Vec<TimestampToken>, SignError> {
        let service = "the timestamp authority";
        let mut timestamps = Vec::new();
        for url in &self.authorities {
            let query = timestamp_query(&sigstore_crypto::sha256(signature.as_bytes()));
            let answer = self
                .post(service, (url, ""), "application/timestamp-query", query)
                .await?;
            let failed = |reason: String| failed(service, url, &reason);
            let answer = answer.done().map_err(failed)?;
            if !is_granted(&answer) {
                return Err(failed("it grants no timestamp".to_owned()));
            }
            timestamps.push(TimestampToken::new(answer));
        }
        Ok(timestamps)
    }
}

/// What Rekor v1 is asked to log: the crate's `DsseEntry` and `HashedRekord`, which take certificates only.
fn proposed(
    digest: &Sha256Hash,
    signature: &SignatureBytes,
    envelope: Option<&DsseEnvelope>,
    pem: &str,
) -> Result<(KindVersion, Value), SignError> {
    let (kind, name, spec) = match envelope {
        Some(envelope) => {
            let envelope = serde_json::to_string(envelope).map_err(|error| SignError::Config(error.to_string()))?;
            let content = json!({"envelope": envelope, "verifiers": [pem]});
            (KindVersion::DsseV001, "dsse", json!({"proposedContent": content}))
        }
        None => {
            let spec = json!({
                "data": {"hash": {"algorithm": "sha256", "value": digest.to_hex()}},
                "signature": {"content": signature.to_base64(), "publicKey": {"content": pem}},
            });
            (KindVersion::HashedRekordV001, "hashedrekord", spec)
        }
    };
    Ok((kind, json!({"apiVersion": "0.0.1", "kind": name, "spec": spec})))
}

/// The certificate of the key in what Fulcio answers, in PEM; the others of its chain are in the trusted root.
fn leaf(answer: &Value) -> Option<&str> {
    let chains = ["/signedCertificateEmbeddedSct", "/signedCertificateDetachedSct"];
    let mut leaves = chains
        .iter()
        .filter_map(|chain| answer.pointer(&format!("{chain}/chain/certificates/0"))?.as_str());
    leaves.next()
}

/// A `TimeStampReq` (RFC 3161, section 2.4.1) for a SHA-256 digest, in DER, which wants the authority's certificate in the answer. It has no
/// nonce: an older timestamp of the same signature, which is all that one could be handed, tells no lie.
fn timestamp_query(digest: &Sha256Hash) -> Vec<u8> {
    /// A sequence of version 1 and of the imprint: of the algorithm `2.16.840.1.101.3.4.2.1`, and an octet string of 32 bytes.
    const HEAD: &[u8] = b"\x30\x37\x02\x01\x01\x30\x2f\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x04\x20";
    /// `certReq`: true.
    const TAIL: &[u8] = b"\x01\x01\xff";
    [HEAD, digest.as_bytes(), TAIL].concat()
}

/// Whether a `TimeStampResp` (section 2.4.2) begins with the status `granted` or `grantedWithMods`. What it grants is looked at with the bundle.
fn is_granted(answer: &[u8]) -> bool {
    /// In the length of a sequence: how many bytes of length follow.
    const LONG: u8 = 0x80;
    let content = match answer {
        [0x30, length, rest @ ..] if *length < LONG => rest,
        [0x30, length, rest @ ..] => rest.get(usize::from(length - LONG)..).unwrap_or_default(),
        _ => &[],
    };
    matches!(content, [0x30, _, 0x02, 0x01, 0 | 1, ..])
}

/// As many services as the config asks for; of one operator, one.
fn chosen<'a>(
    what: &str,
    config: &ServiceConfiguration,
    eligible: &[&'a ServiceEndpoint],
) -> Result<Vec<&'a ServiceEndpoint>, SignError> {
    let mut chosen: Vec<&ServiceEndpoint> = Vec::new();
    for endpoint in eligible {
        let is_new = endpoint.operator.is_none() || chosen.iter().all(|known| known.operator != endpoint.operator);
        if is_new {
            chosen.push(endpoint);
        }
    }
    let wanted = match config.selector {
        ServiceSelector::Any => chosen.len().min(1),
        ServiceSelector::All => chosen.len(),
        ServiceSelector::Exact => config.count.unwrap_or(1) as usize,
        _ => return Err(SignError::Config(format!("it does not say which {what} to use"))),
    };
    if wanted > chosen.len() || wanted > WITNESSES_MAX {
        let have = chosen.len();
        return Err(SignError::Config(format!(
            "it asks for {wanted} {what}, and {have} are in service"
        )));
    }
    chosen.truncate(wanted);
    Ok(chosen)
}

/// The address, if what is sent there stays secret: TLS, or this machine.
pub(super) fn is_safe(url: &str) -> Result<Url, SignError> {
    let parsed = Url::parse(url).map_err(|_| SignError::Config(format!("`{}` is no address", one_line(url))))?;
    match (parsed.scheme(), is_loopback(&parsed)) {
        ("https", _) | ("http", true) => Ok(parsed),
        _ => Err(SignError::Config(format!(
            "`{parsed}` is not `https`, and is not on this machine"
        ))),
    }
}

fn clients(proxies: Proxies) -> Result<Clients, SignError> {
    provider::install();
    let limits = Limits {
        connect: Duration::from_secs(CONNECT_SECONDS),
        answer: Some(Duration::from_secs(ANSWER_SECONDS)),
    };
    Clients::new(limits, proxies, Authorities::default())
        .map_err(|reason| SignError::Config(format!("there is no HTTP client: {reason}")))
}

/// The keys whose signatures are logged. Rekor v2 asks for the digest that a key signs, which the crate has as SHA-256 only. In Rekor v1, of
/// files: it has Ed25519ph only and not Ed25519 (rekor v1.5.3), and what P-384 and RSA sign there, our `provider` does not verify from
/// the digest; of envelopes: it verifies P-384 over SHA-256 only, and slt signs SHA-384.
fn logged(version: RekorApiVersion, is_envelope: bool) -> &'static [KeyAlgorithm] {
    match (version, is_envelope) {
        (RekorApiVersion::V1, true) => &[KeyAlgorithm::EcdsaP256, KeyAlgorithm::Ed25519, KeyAlgorithm::Rsa],
        _ => &[KeyAlgorithm::EcdsaP256],
    }
}

/// Waits until this machine's clock says what the log's said. The finished bundle is verified here, where an entry from the future is not
/// believed; cosign 3.1.3 asks no clock.
#[allow(clippy::disallowed_methods)] // what is outside of every deployment takes real time
async fn caught_up(entry: &TransparencyLogEntry) {
    let ahead = entry.integrated_time.map(|time| time.duration_since(Timestamp::now()));
    if let Some(ahead) = ahead.and_then(|ahead| Duration::try_from(ahead).ok())
        && ahead <= Duration::from_secs(AHEAD_MAX_SECONDS)
    {
        tokio::time::sleep(ahead).await;
    }
}

/// Refuses an answer of a log that says that the entry is there already, as both versions of Rekor do.
fn logged_by(url: &str, answer: &Answer) -> Result<(), SignError> {
    match answer.status {
        StatusCode::CONFLICT => Err(SignError::Logged(url.to_owned())),
        _ => Ok(()),
    }
}

/// What a service says is somebody else's text.
pub(super) fn failed(service: &'static str, url: &str, error: &dyn std::fmt::Display) -> SignError {
    SignError::Service {
        service,
        url: url.to_owned(),
        reason: one_line(&error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (url, expected) in [
            ("https://fulcio.example.com", true),
            ("http://127.0.0.1:3000/api", true),
            ("http://[::1]:3000", true),
            ("http://localhost", true),
            ("http://localhost.example.com", false),
            ("http://fulcio.example.com", false),
            ("ftp://127.0.0.1", false),
            ("x", false),
        ] {
            assert_eq!(is_safe(url).is_ok(), expected, "{url}");
        }
    }

    #[test]
    fn timestamps_that_are_granted() {
        let granted = |status: u8| [0x30, 0x82, 1, 0, 0x30, 3, 2, 1, status];
        for (answer, expected) in [
            (&granted(0)[..], true),
            (&granted(1), true),
            (&granted(2), false),
            (&[0x30, 5, 0x30, 3, 2, 1, 0], true),
            (&[0x30, 5, 0x30, 3, 2, 1, 2], false),
            (&[0x30, 0x84, 1], false),
            (&[0x30], false),
            (b"no", false),
            (b"", false),
        ] {
            assert_eq!(is_granted(answer), expected, "{answer:?}");
        }
        // its own length, without the two bytes before it
        let query = timestamp_query(&sigstore_crypto::sha256(b"x"));
        assert_eq!(query.len(), 2 + usize::from(query[1]));
    }

    #[test]
    fn what_rekor_v1_is_asked() {
        use sigstore_rekor::{DsseEntry, HashedRekord};
        let (digest, signature) = (
            sigstore_crypto::sha256(b"x"),
            SignatureBytes::new(b"signature".to_vec()),
        );
        let signed = sigstore_types::DsseSignature::new(signature.clone(), sigstore_types::KeyId::default());
        let envelope = DsseEnvelope::new("x", sigstore_types::PayloadBytes::new(b"{}".to_vec()), signed);
        let (_, request) = proposed(&digest, &signature, None, "eA==").unwrap();
        let theirs: HashedRekord = serde_json::from_value(request.clone()).unwrap();
        assert_eq!(serde_json::to_value(theirs).unwrap(), request);
        let (_, request) = proposed(&digest, &signature, Some(&envelope), "eA==").unwrap();
        let theirs: DsseEntry = serde_json::from_value(request.clone()).unwrap();
        assert_eq!(serde_json::to_value(theirs).unwrap(), request);
    }

    #[test]
    fn certificates() {
        let chain = json!({"chain": {"certificates": ["leaf", "root"]}});
        for (answer, expected) in [
            (json!({"signedCertificateEmbeddedSct": chain}), Some("leaf")),
            (json!({"signedCertificateDetachedSct": chain}), Some("leaf")),
            (
                json!({"signedCertificateEmbeddedSct": {"chain": {"certificates": []}}}),
                None,
            ),
            (json!([]), None),
        ] {
            assert_eq!(leaf(&answer), expected, "{answer}");
        }
    }

    #[test]
    fn configs() {
        let trust = Arc::new(Trust::nobody().unwrap());
        let services = Services::public_good(Arc::clone(&trust), Proxies::default()).unwrap();
        assert!(services.fulcio.is_some() && services.has_log() && services.oidc().is_ok());
        let config = |extra: &str| {
            let media_type = "application/vnd.dev.sigstore.signingconfig.v0.2+json";
            let text = format!(r#"{{"mediaType":"{media_type}"{extra}}}"#);
            Services::from_json(&text, Arc::clone(&trust), Proxies::default())
        };
        let endpoint = |url: &str, operator: &str| {
            format!(
                r#"{{"url":"{url}","majorApiVersion":1,"validFor":{{"start":"2020-01-01T00:00:00Z"}},"operator":"{operator}"}}"#
            )
        };
        let two = [
            endpoint("https://a", "x"),
            endpoint("https://b", "x"),
            endpoint("https://c", "y"),
        ]
        .join(",");
        let authorities = |selector: &str| config(&format!(r#","tsaUrls":[{two}],"tsaConfig":{{{selector}}}"#));
        assert_eq!(authorities(r#""selector":"ANY""#).unwrap().authorities, ["https://a"]);
        assert_eq!(
            authorities(r#""selector":"ALL""#).unwrap().authorities,
            ["https://a", "https://c"]
        );
        let exact = r#""selector":"EXACT","count":2"#;
        assert_eq!(authorities(exact).unwrap().authorities, ["https://a", "https://c"]);
        let said = authorities(r#""selector":"EXACT","count":3"#).unwrap_err().to_string();
        assert!(said.contains("asks for 3 timestamp authorities, and 2"), "{said}");
        assert!(authorities(r#""selector":"SERVICE_SELECTOR_UNDEFINED""#).is_err());
        assert!(config(&format!(r#","caUrls":[{}]"#, endpoint("http://a", "x"))).is_err());
        assert!(config("").unwrap().oidc().is_err());
    }

    #[test]
    fn keys_that_are_logged() {
        let keys = ["p384", "ed", "rsa"].map(|name| {
            let path = format!("{}/tests/fixtures/keys/{name}.pub", env!("CARGO_MANIFEST_DIR"));
            (
                name,
                PublicKey::from_pem(&std::fs::read_to_string(path).unwrap()).unwrap(),
            )
        });
        let trust = Arc::new(Trust::nobody().unwrap());
        for (major, is_envelope, expected) in [
            (1, true, vec!["ed", "rsa"]),
            (1, false, vec![]),
            (2, true, vec![]),
            (2, false, vec![]),
        ] {
            let log = format!(
                r#"{{"url":"https://a","majorApiVersion":{major},"validFor":{{"start":"2020-01-01T00:00:00Z"}}}}"#
            );
            let media_type = "application/vnd.dev.sigstore.signingconfig.v0.2+json";
            let config = r#""rekorTlogConfig":{"selector":"ANY"}"#;
            let text = format!(r#"{{"mediaType":"{media_type}","rekorTlogUrls":[{log}],{config}}}"#);
            let services = Services::from_json(&text, Arc::clone(&trust), Proxies::default()).unwrap();
            let is_logged = |key| services.can_log(Voucher::Key(key), is_envelope).is_ok();
            let logged = keys.iter().filter(|(_, key)| is_logged(key)).map(|(name, _)| *name);
            assert_eq!(logged.collect::<Vec<_>>(), expected, "v{major}, {is_envelope}");
        }
    }
}
