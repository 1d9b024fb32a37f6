//! Key pairs: cosign's encrypted files, made and read, and public keys in PEM.
//!
//! A file that `cosign generate-key-pair` made is PEM around JSON: scrypt derives a key from the password, NaCl's secretbox
//! (XSalsa20-Poly1305) holds the private key as PKCS#8 under it. slt writes the same, so that each of the two reads what the
//! other made. Read are also the older label of cosign 1, and PKCS#8 without a password. Keys are made on P-256, as cosign's
//! are; P-384, Ed25519 and RSA keys are read (`cosign import-key-pair`). Nothing here asks for a password or reads a file.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crypto_secretbox::aead::Aead;
use crypto_secretbox::{KeyInit, XSalsa20Poly1305};
use p256::pkcs8::EncodePrivateKey;
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use sigstore_crypto::{KeyAlgorithm, KeyPair, VerificationKey};
use sigstore_types::{DerPublicKey, SignatureBytes};

use super::{pem, provider};
use crate::support::hex::hex;
use crate::support::secret::Secret;
use crate::support::text::one_line;

/// The largest file of a key, in bytes: an RSA key of 4,096 bits, encrypted, has 5,000.
pub const KEY_FILE_MAX_BYTES: u64 = 64 << 10;

/// The label that cosign writes since its version 2.
const LABEL: &str = "ENCRYPTED SIGSTORE PRIVATE KEY";
/// The label that cosign 1 wrote.
const OLDER_LABEL: &str = "ENCRYPTED COSIGN PRIVATE KEY";
const PKCS8_LABEL: &str = "PRIVATE KEY";
const PUBLIC_LABEL: &str = "PUBLIC KEY";

/// scrypt as cosign 3.1.3 uses it: 64 MiB of memory (`log2(N)`, `r`, `p`).
const SCRYPT_LOG_N: u8 = 16;
const SCRYPT_R: u32 = 8;
const SCRYPT_P: u32 = 1;
const SALT_BYTES: usize = 32;
const NONCE_BYTES: usize = 24; // XSalsa20
const BOX_KEY_BYTES: usize = 32;

/// The most memory that a key file may make scrypt use, in bytes: four times what cosign's does.
const SCRYPT_MAX_BYTES: u64 = 256 << 20;
/// The most parallel lanes that it may ask for: each costs the whole time again.
const SCRYPT_P_MAX: u32 = 4;
const SALT_MAX_BYTES: usize = 1 << 10;

/// Why a key cannot be used. None of these tells anything of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No PEM, or another kind.
    #[error("{0}")]
    Unknown(String),
    /// No public key.
    #[error("it is not a public key in PEM: {0}")]
    NotPublic(String),
    /// An encrypted file that cosign would not write.
    #[error("it is not a key file as cosign writes it: {0}")]
    Malformed(String),
    /// It asks for more work than slt does for a password.
    #[error("its scrypt parameters (N={n}, r={r}, p={p}) are out of bounds")]
    Expensive {
        /// `N`.
        n: u64,
        /// `r`.
        r: u32,
        /// `p`.
        p: u32,
    },
    /// It is encrypted, and there is no password.
    #[error("it is encrypted, and there is no password for it")]
    NoPassword,
    /// Wrong password, or a damaged file: secretbox cannot tell.
    #[error("the password is wrong, or the file is damaged")]
    WrongPassword,
    /// The algorithms cannot.
    #[error("{0}")]
    Crypto(String),
}

impl KeyError {
    /// The way out.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unknown(_) => {
                "slt takes what `slt keygen` and `cosign generate-key-pair` write, and PKCS#8 in PEM: `openssl pkcs8 -topk8 \
                 -nocrypt -in KEY` makes that of other forms"
            }
            Self::NotPublic(_) => {
                "`PREFIX.pub` of `slt keygen` and of `cosign generate-key-pair` is one; `openssl pkey -in KEY -pubout` makes one"
            }
            Self::Malformed(_) | Self::Expensive { .. } => "make a new pair with `slt keygen`, or fetch the file anew",
            Self::NoPassword => "set `COSIGN_PASSWORD`, or give the password on standard input with `--password-stdin`",
            Self::WrongPassword => {
                "`COSIGN_PASSWORD` and `--password-stdin` are taken as they are, without a newline at the end"
            }
            Self::Crypto(_) => "keys of P-256, P-384, Ed25519 and RSA (2048 to 4096 bits) can be used",
        }
    }
}

fn crypto(error: &sigstore_crypto::Error) -> KeyError {
    KeyError::Crypto(super::said(error))
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    der: DerPublicKey,
    algorithm: KeyAlgorithm,
}

impl PublicKey {
    /// Reads `-----BEGIN PUBLIC KEY-----`.
    ///
    /// # Errors
    /// It is none, or of an algorithm that cannot be verified.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let unknown = |what: &str| KeyError::NotPublic(what.to_owned());
        let blocks = pem::blocks(text).ok_or_else(|| unknown("the PEM is broken"))?;
        match blocks.as_slice() {
            [block] if block.label == PUBLIC_LABEL => Self::from_der(DerPublicKey::from_bytes(&block.bytes)),
            [block] => Err(unknown(&format!("it says `{}`", one_line(&block.label)))),
            [] => Err(unknown("there is none in it")),
            _ => Err(unknown("there are several blocks in it")),
        }
    }

    /// Reads a `SubjectPublicKeyInfo`.
    pub(super) fn from_der(der: DerPublicKey) -> Result<Self, KeyError> {
        provider::install();
        let key = VerificationKey::from_spki(&der).map_err(|error| crypto(&error))?;
        let algorithm = key.scheme().key_algorithm();
        match algorithm {
            KeyAlgorithm::EcdsaP256 | KeyAlgorithm::EcdsaP384 | KeyAlgorithm::Ed25519 | KeyAlgorithm::Rsa => {
                Ok(Self { der, algorithm })
            }
            other => Err(KeyError::Crypto(format!("{other:?} keys cannot be verified"))),
        }
    }

    /// As a PEM file.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::text(PUBLIC_LABEL, self.der.as_bytes())
    }

    /// What a bundle says of the key that it was made with: base64 of SHA-256 of the DER, as cosign writes it.
    #[must_use]
    pub fn hint(&self) -> String {
        STANDARD.encode(self.digest())
    }

    /// The key for people: `sha256:` and the first 16 digits of its digest.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        format!("sha256:{}", hex(self.digest().iter().take(8)))
    }

    fn digest(&self) -> [u8; 32] {
        provider::install();
        *sigstore_crypto::sha256(self.der.as_bytes()).as_bytes()
    }

    /// `SubjectPublicKeyInfo`.
    pub(super) fn der(&self) -> &DerPublicKey {
        &self.der
    }

    pub(super) fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }
}

/// A private key. Its `Debug` shows the public one.
pub struct PrivateKey {
    pair: KeyPair,
    public: PublicKey,
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("PrivateKey")
            .field(&self.public.fingerprint())
            .finish()
    }
}

/// What a new pair is, as files.
pub struct NewPair {
    /// The encrypted private key.
    pub private: Secret,
    /// The public key.
    pub public: String,
    /// Its fingerprint.
    pub fingerprint: String,
}

impl PrivateKey {
    /// Whether this file needs a password.
    ///
    /// # Errors
    /// It is no key file at all.
    pub fn is_encrypted(text: &str) -> Result<bool, KeyError> {
        Ok(block(text)?.label != PKCS8_LABEL)
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// It is none, the password is wrong, or it asks for too much work.
    pub fn from_pem(text: &str, password: Option<&Secret>) -> Result<Self, KeyError> {
        let block = block(text)?;
        if block.label == PKCS8_LABEL {
            return Self::from_pkcs8(&block.bytes);
        }
        let password = password.ok_or(KeyError::NoPassword)?;
        Self::from_pkcs8(&decrypted(&block.bytes, password)?)
    }

    fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        provider::install();
        // the hint says which kinds there are
        let pair = KeyPair::from_pkcs8_der(der);
        Self::of(pair.map_err(|_| KeyError::Crypto("it is a key of another kind or size, or damaged".to_owned()))?)
    }

    /// A new P-256 key that is never stored: the key of a certificate.
    pub(super) fn ephemeral() -> Result<Self, KeyError> {
        provider::install();
        Self::of(KeyPair::generate_ecdsa_p256().map_err(|error| crypto(&error))?)
    }

    fn of(pair: KeyPair) -> Result<Self, KeyError> {
        let der = pair.public_key_der().map_err(|error| crypto(&error))?;
        let public = PublicKey::from_der(der)?;
        Ok(Self { pair, public })
    }

    /// A new P-256 pair, encrypted under a password as cosign does; it may be empty, as cosign's may.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn generate(password: &Secret) -> Result<NewPair, KeyError> {
        provider::install();
        let key = provider::generate_p256().map_err(|error| crypto(&error))?;
        let der = key
            .to_pkcs8_der()
            .map_err(|error| KeyError::Crypto(error.to_string()))?;
        let public = Self::from_pkcs8(der.as_bytes())?.public;
        let encrypted = encrypted(der.as_bytes(), password)?;
        Ok(NewPair {
            private: Secret::new(pem::text(LABEL, &encrypted)),
            public: public.to_pem(),
            fingerprint: public.fingerprint(),
        })
    }

    /// The other half.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<SignatureBytes, KeyError> {
        self.pair.sign(message).map_err(|error| crypto(&error))
    }
}

/// The one block of a private key's file.
fn block(text: &str) -> Result<pem::Block, KeyError> {
    let unknown = |what: &str| KeyError::Unknown(format!("it is not a private key that slt reads: {what}"));
    let blocks = pem::blocks(text).ok_or_else(|| unknown("the PEM is broken"))?;
    let [block] = <[pem::Block; 1]>::try_from(blocks).map_err(|blocks| {
        unknown(match blocks.len() {
            0 => "there is no PEM in it",
            _ => "there are several blocks in it",
        })
    })?;
    match block.label.as_str() {
        LABEL | OLDER_LABEL | PKCS8_LABEL => Ok(block),
        PUBLIC_LABEL => Err(unknown("it is the public key")),
        other => Err(unknown(&format!("it says `{}`", one_line(other)))),
    }
}

/// The JSON in the PEM of an encrypted key (github.com/theupdateframework/go-tuf/encrypted).
#[derive(Serialize, Deserialize)]
struct Encrypted {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Serialize, Deserialize)]
struct Kdf {
    name: String,
    params: Params,
    salt: String,
}

#[derive(Serialize, Deserialize)]
struct Params {
    #[serde(rename = "N")]
    n: u64,
    r: u32,
    p: u32,
}

#[derive(Serialize, Deserialize)]
struct Cipher {
    name: String,
    nonce: String,
}

const KDF: &str = "scrypt";
const CIPHER: &str = "nacl/secretbox";

fn malformed(what: impl Into<String>) -> KeyError {
    KeyError::Malformed(what.into())
}

/// scrypt's parameters, if they are not worth an attack.
fn bounded(params: &Params) -> Result<scrypt::Params, KeyError> {
    let &Params { n, r, p } = params;
    let expensive = || KeyError::Expensive { n, r, p };
    let bytes = n.checked_mul(u64::from(r)).and_then(|blocks| blocks.checked_mul(128));
    let is_bounded = n.is_power_of_two()
        && n > 1
        && r > 0
        && (1..=SCRYPT_P_MAX).contains(&p)
        && bytes.is_some_and(|bytes| bytes <= SCRYPT_MAX_BYTES);
    let log_n = u8::try_from(n.trailing_zeros()).map_err(|_| expensive())?;
    match is_bounded {
        true => scrypt::Params::new(log_n, r, p, BOX_KEY_BYTES).map_err(|_| expensive()),
        false => Err(expensive()),
    }
}

fn secretbox(params: &scrypt::Params, salt: &[u8], password: &Secret) -> Result<XSalsa20Poly1305, KeyError> {
    let mut key = [0; BOX_KEY_BYTES];
    scrypt::scrypt(password.expose().as_bytes(), salt, params, &mut key)
        .map_err(|error| KeyError::Crypto(error.to_string()))?;
    Ok(XSalsa20Poly1305::new(&key.into()))
}

fn decrypted(json: &[u8], password: &Secret) -> Result<Vec<u8>, KeyError> {
    let document: Encrypted = serde_json::from_slice(json).map_err(|_| malformed("the JSON in it is broken"))?;
    if document.kdf.name != KDF || document.cipher.name != CIPHER {
        return Err(malformed(format!("it is not encrypted with {KDF} and {CIPHER}")));
    }
    let params = bounded(&document.kdf.params)?;
    let bytes = |text: &str| {
        STANDARD
            .decode(text)
            .map_err(|_| malformed("the base64 in it is broken"))
    };
    let (salt, nonce) = (bytes(&document.kdf.salt)?, bytes(&document.cipher.nonce)?);
    let nonce: [u8; NONCE_BYTES] = nonce
        .try_into()
        .map_err(|_| malformed("its nonce has another length"))?;
    if salt.len() > SALT_MAX_BYTES {
        return Err(malformed("its salt has another length"));
    }
    let ciphertext = bytes(&document.ciphertext)?;
    secretbox(&params, &salt, password)?
        .decrypt(&nonce.into(), ciphertext.as_slice())
        .map_err(|_| KeyError::WrongPassword)
}

fn encrypted(der: &[u8], password: &Secret) -> Result<Vec<u8>, KeyError> {
    let random = SystemRandom::new();
    let fill = |bytes: &mut [u8]| {
        let filled = random.fill(bytes);
        filled.map_err(|_| KeyError::Crypto("the system gives no random numbers".to_owned()))
    };
    let (mut salt, mut nonce) = ([0; SALT_BYTES], [0; NONCE_BYTES]);
    fill(&mut salt)?;
    fill(&mut nonce)?;
    let params = Params {
        n: 1 << SCRYPT_LOG_N,
        r: SCRYPT_R,
        p: SCRYPT_P,
    };
    let ciphertext = secretbox(&bounded(&params)?, &salt, password)?
        .encrypt(&nonce.into(), der)
        .map_err(|_| KeyError::Crypto("secretbox refuses".to_owned()))?;
    let document = Encrypted {
        kdf: Kdf {
            name: KDF.to_owned(),
            params,
            salt: STANDARD.encode(salt),
        },
        cipher: Cipher {
            name: CIPHER.to_owned(),
            nonce: STANDARD.encode(nonce),
        },
        ciphertext: STANDARD.encode(ciphertext),
    };
    serde_json::to_vec(&document).map_err(|error| KeyError::Crypto(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> String {
        std::fs::read_to_string(format!("{}/tests/fixtures/keys/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    /// Keys that `cosign import-key-pair` of cosign 3.1.3 encrypted under `pw`.
    #[test]
    fn what_cosign_wrote() {
        let password = Secret::new("pw");
        for name in ["p384", "ed", "rsa"] {
            let public = PublicKey::from_pem(&file(&format!("{name}.pub"))).unwrap();
            let text = file(&format!("imported-{name}.key"));
            assert_eq!(PrivateKey::is_encrypted(&text), Ok(true));
            let key = PrivateKey::from_pem(&text, Some(&password)).unwrap();
            assert_eq!(*key.public(), public, "{name}");
            let plain = file(&format!("{name}.pem"));
            assert_eq!(PrivateKey::is_encrypted(&plain), Ok(false));
            assert_eq!(*PrivateKey::from_pem(&plain, None).unwrap().public(), public, "{name}");
        }
        let older = file("imported-ed.key").replace(LABEL, OLDER_LABEL);
        let key = PrivateKey::from_pem(&older, Some(&password)).unwrap();
        assert_eq!(
            format!("{key:?}"),
            format!("PrivateKey({:?})", key.public().fingerprint())
        );
        let wrong = PrivateKey::from_pem(&older, Some(&Secret::new("pv")));
        assert_eq!(wrong.unwrap_err(), KeyError::WrongPassword);
        assert_eq!(PrivateKey::from_pem(&older, None).unwrap_err(), KeyError::NoPassword);
    }

    #[test]
    fn what_is_made_is_read() {
        for password in ["", "a b", "é"].map(Secret::new) {
            let made = PrivateKey::generate(&password).unwrap();
            let key = PrivateKey::from_pem(made.private.expose(), Some(&password)).unwrap();
            assert_eq!(key.public().to_pem(), made.public);
            assert_eq!(
                PublicKey::from_pem(&made.public).unwrap().fingerprint(),
                made.fingerprint
            );
            let other = PrivateKey::generate(&password).unwrap();
            assert_ne!(other.public, made.public);
        }
    }

    /// An encrypted key file with another `N`, `r`, `p`, and with something else replaced.
    fn changed(change: impl Fn(&str) -> String) -> String {
        let block = block(&file("imported-ed.key")).unwrap();
        pem::text(LABEL, change(std::str::from_utf8(&block.bytes).unwrap()).as_bytes())
    }

    #[test]
    fn files_that_are_refused_before_any_work() {
        let read = |text: &str| PrivateKey::from_pem(text, Some(&Secret::new("pw"))).unwrap_err();
        for params in [
            r#""N":1073741824,"r":8,"p":1"#,
            r#""N":65536,"r":4194304,"p":1"#,
            r#""N":65536,"r":8,"p":1000"#,
            r#""N":18446744073709551615,"r":4294967295,"p":4294967295"#,
            r#""N":65535,"r":8,"p":1"#,
            r#""N":0,"r":8,"p":1"#,
            r#""N":1,"r":8,"p":1"#,
            r#""N":65536,"r":0,"p":1"#,
            r#""N":65536,"r":8,"p":0"#,
        ] {
            let text = changed(|json| json.replace(r#""N":65536,"r":8,"p":1"#, params));
            assert!(matches!(read(&text), KeyError::Expensive { .. }), "{params}");
        }
        for (from, to) in [
            ("scrypt", "argon"),
            ("nacl/secretbox", "aes"),
            (r#""nonce":""#, r#""nonce":"AAAA"#),
            (r#""salt":""#, r#""salt":"!"#),
            ("{", ""),
        ] {
            assert!(
                matches!(read(&changed(|json| json.replace(from, to))), KeyError::Malformed(_)),
                "{from}"
            );
        }
        for (text, said) in [
            ("", "there is no PEM"),
            (&file("ed.pub"), "it is the public key"),
            (&format!("{0}{0}", file("ed.pem")), "several blocks"),
            (
                &file("ed.pem").replace("PRIVATE KEY", "EC PRIVATE KEY"),
                "it says `EC PRIVATE KEY`",
            ),
            (&file("ed.pem").replace("-----END PRIVATE KEY-----", ""), "broken"),
        ] {
            let error = read(text).to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn public_keys() {
        let key = PublicKey::from_pem(&file("ed.pub")).unwrap();
        assert_eq!(key.to_pem(), file("ed.pub"));
        assert_eq!(
            key.hint(),
            "o6z2OA7fP+iJp4uO7UTyk+jcdYFW1TY/CHf6eT9A1Zk=",
            "as cosign wrote it"
        );
        assert_eq!(key.fingerprint(), "sha256:a3acf6380edf3fe8");
        for (text, said) in [
            ("", "there is none in it"),
            (&file("ed.pem"), "it says `PRIVATE KEY`"),
            ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "nvalid"),
        ] {
            let error = PublicKey::from_pem(text).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
