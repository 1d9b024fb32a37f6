//! The cryptography that the `sigstore` crates ask for, over ring and p256.
//!
//! Those crates bring no algorithms of their own: they take a [`CryptoProvider`], and the one that they ship is aws-lc, which
//! needs cmake and minutes to compile. ring hashes, signs and verifies whole messages; p256 does the one thing that ring
//! cannot, P-256 over a digest that somebody else has computed. A digest under another key is refused by name.
//!
//! [`install`] is called by every function of this room that makes or checks a signature, so that nobody can forget it. It
//! also makes ring the provider of rustls. Both crates keep what was installed for the whole process; installing again does
//! nothing.

use p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::pkcs8::DecodePrivateKey;
use ring::digest::{Context, SHA256, SHA384, SHA512};
use ring::rand::SystemRandom;
use ring::signature::{self, Ed25519KeyPair, KeyPair as _, RsaKeyPair, UnparsedPublicKey, VerificationAlgorithm};
use sigstore_crypto::{
    CryptoProvider, Error, HashContext, KeyAlgorithm, Result, SigningKeyPair, SigningScheme, install_default_provider,
};
use sigstore_types::HashAlgorithm;

/// ring and p256.
#[derive(Debug)]
pub struct RingProvider;

static PROVIDER: RingProvider = RingProvider;

/// Makes ring and p256 do the cryptography of the `sigstore` crates, and ring that of TLS. Costs nothing the second time.
pub fn install() {
    // each answers with an error when there is a provider already: this one
    let _ = install_default_provider(&PROVIDER);
    let _ = rustls::crypto::ring::default_provider().install_default();
}

struct Hash(Context);

impl HashContext for Hash {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn finalize(self: Box<Self>) -> Vec<u8> {
        self.0.finish().as_ref().to_vec()
    }
}

/// What ring verifies with; `None`: post-quantum schemes, which it does not have.
fn algorithm(scheme: SigningScheme) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match scheme {
        SigningScheme::EcdsaP256Sha256 => &signature::ECDSA_P256_SHA256_ASN1,
        SigningScheme::EcdsaP256Sha384 => &signature::ECDSA_P256_SHA384_ASN1,
        SigningScheme::EcdsaP384Sha256 => &signature::ECDSA_P384_SHA256_ASN1,
        SigningScheme::EcdsaP384Sha384 => &signature::ECDSA_P384_SHA384_ASN1,
        SigningScheme::Ed25519 => &signature::ED25519,
        SigningScheme::RsaPssSha256 => &signature::RSA_PSS_2048_8192_SHA256,
        SigningScheme::RsaPssSha384 => &signature::RSA_PSS_2048_8192_SHA384,
        SigningScheme::RsaPssSha512 => &signature::RSA_PSS_2048_8192_SHA512,
        SigningScheme::RsaPkcs1Sha256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        SigningScheme::RsaPkcs1Sha384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        SigningScheme::RsaPkcs1Sha512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        _ => return None,
    })
}

fn unsupported(scheme: SigningScheme, what: &str) -> Error {
    Error::UnsupportedAlgorithm(format!("{} {what}", scheme.name()))
}

fn invalid(scheme: SigningScheme) -> Error {
    Error::Verification(format!("{} signature invalid", scheme.name()))
}

impl CryptoProvider for RingProvider {
    fn hash(&self, algorithm: HashAlgorithm) -> Result<Box<dyn HashContext>> {
        let algorithm = match algorithm {
            HashAlgorithm::Sha2256 => &SHA256,
            HashAlgorithm::Sha2384 => &SHA384,
            HashAlgorithm::Sha2512 => &SHA512,
            other => return Err(Error::UnsupportedAlgorithm(format!("no digests of {other}"))),
        };
        Ok(Box::new(Hash(Context::new(algorithm))))
    }

    fn verify_raw(&self, scheme: SigningScheme, key: &[u8], data: &[u8], signature: &[u8]) -> Result<()> {
        let algorithm = algorithm(scheme).ok_or_else(|| unsupported(scheme, "is not supported"))?;
        UnparsedPublicKey::new(algorithm, key)
            .verify(data, signature)
            .map_err(|_| invalid(scheme))
    }

    fn verify_prehashed(&self, scheme: SigningScheme, key: &[u8], digest: &[u8], signature: &[u8]) -> Result<()> {
        if scheme.key_algorithm() != KeyAlgorithm::EcdsaP256 {
            return Err(unsupported(scheme, "is not verified from a digest alone"));
        }
        let key = VerifyingKey::from_sec1_bytes(key).map_err(|_| invalid(scheme))?;
        let signature = Signature::from_der(signature).map_err(|_| invalid(scheme))?;
        key.verify_prehash(digest, &signature).map_err(|_| invalid(scheme))
    }

    fn generate_key_pair(&self, algorithm: KeyAlgorithm) -> Result<Box<dyn SigningKeyPair>> {
        match algorithm {
            KeyAlgorithm::EcdsaP256 => Ok(Box::new(P256::new(generate_p256()?))),
            other => Err(Error::UnsupportedAlgorithm(format!("{other:?} keys are not made"))),
        }
    }

    fn key_pair_from_pkcs8_der(&self, pkcs8: &[u8]) -> Result<Box<dyn SigningKeyPair>> {
        if let Ok(key) = SigningKey::from_pkcs8_der(pkcs8) {
            return Ok(Box::new(P256::new(key)));
        }
        let random = SystemRandom::new();
        let p384 = &signature::ECDSA_P384_SHA384_ASN1_SIGNING;
        if let Ok(key) = signature::EcdsaKeyPair::from_pkcs8(p384, pkcs8, &random) {
            return Ok(Box::new(RingKey::P384(key)));
        }
        // OpenSSL writes version 1, without the public key; ring derives it
        if let Ok(key) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8) {
            return Ok(Box::new(RingKey::Ed25519(key)));
        }
        match RsaKeyPair::from_pkcs8(pkcs8) {
            Ok(key) => Ok(Box::new(RingKey::Rsa(key))),
            Err(_) => Err(Error::InvalidKeyFormat(
                "it is no private key of P-256, P-384, Ed25519 or RSA with 2048 to 4096 bits".to_owned(),
            )),
        }
    }
}

/// A new P-256 key, from the system's random numbers.
///
/// # Errors
/// The system has none.
pub fn generate_p256() -> Result<SigningKey> {
    use ring::rand::SecureRandom;
    const TRIES: usize = 8; // 32 random bytes are no scalar of the curve once in 2³² times
    let random = SystemRandom::new();
    for _ in 0..TRIES {
        let mut scalar = [0; 32];
        random
            .fill(&mut scalar)
            .map_err(|_| Error::KeyGeneration("the system gives no random numbers".to_owned()))?;
        if let Ok(key) = SigningKey::from_bytes(&scalar.into()) {
            return Ok(key);
        }
    }
    Err(Error::KeyGeneration("the system's random numbers are none".to_owned()))
}

/// A P-256 key. Its signatures are deterministic (RFC 6979).
struct P256 {
    key: SigningKey,
    public: Vec<u8>,
}

impl P256 {
    fn new(key: SigningKey) -> Self {
        let public = key.verifying_key().to_encoded_point(false).as_bytes().to_vec();
        Self { key, public }
    }
}

impl SigningKeyPair for P256 {
    fn algorithm(&self) -> KeyAlgorithm {
        KeyAlgorithm::EcdsaP256
    }

    fn public_key_bytes(&self) -> &[u8] {
        &self.public
    }

    fn sign_raw(&self, data: &[u8]) -> Result<Vec<u8>> {
        self.sign_prehashed(ring::digest::digest(&SHA256, data).as_ref())
    }

    fn sign_prehashed(&self, digest: &[u8]) -> Result<Vec<u8>> {
        let signed: std::result::Result<Signature, _> = self.key.sign_prehash(digest);
        let signature = signed.map_err(|_| Error::Signing("the digest cannot be signed".to_owned()))?;
        Ok(signature.to_der().as_bytes().to_vec())
    }
}

/// The keys that ring signs with.
enum RingKey {
    P384(signature::EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl SigningKeyPair for RingKey {
    fn algorithm(&self) -> KeyAlgorithm {
        match self {
            Self::P384(_) => KeyAlgorithm::EcdsaP384,
            Self::Ed25519(_) => KeyAlgorithm::Ed25519,
            Self::Rsa(_) => KeyAlgorithm::Rsa,
        }
    }

    fn public_key_bytes(&self) -> &[u8] {
        match self {
            Self::P384(key) => key.public_key().as_ref(),
            Self::Ed25519(key) => key.public_key().as_ref(),
            Self::Rsa(key) => key.public().as_ref(),
        }
    }

    fn sign_raw(&self, data: &[u8]) -> Result<Vec<u8>> {
        let refused = |_| Error::Signing("ring cannot sign with this key".to_owned());
        let random = SystemRandom::new();
        match self {
            Self::P384(key) => Ok(key.sign(&random, data).map_err(refused)?.as_ref().to_vec()),
            Self::Ed25519(key) => Ok(key.sign(data).as_ref().to_vec()),
            Self::Rsa(key) => {
                let mut signed = vec![0; key.public().modulus_len()];
                key.sign(&signature::RSA_PKCS1_SHA256, &random, data, &mut signed)
                    .map_err(refused)?;
                Ok(signed)
            }
        }
    }

    fn sign_prehashed(&self, _: &[u8]) -> Result<Vec<u8>> {
        Err(Error::UnsupportedAlgorithm(format!(
            "{:?} keys sign whole messages only",
            self.algorithm()
        )))
    }
}
