//! The cryptography that the `sigstore` crates ask for, over ring and p256.
//!
//! Those crates bring no algorithms of their own: they take a [`CryptoProvider`], and the one that they ship is aws-lc, which
//! needs cmake and minutes to compile. ring hashes, signs and verifies whole messages; p256 does the one thing that ring
//! cannot, P-256 over a digest that somebody else has computed. A digest under another key is refused by name.
//!
//! [`install`] is called by every function of this room that makes or checks a signature, so that nobody can forget it. It
//! also makes ring the provider of rustls. Both crates keep what was installed for the whole process; installing again does
//! nothing.

use p256::ecdsa::signature::hazmat::{PrehashVerifier, RandomizedPrehashSigner};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::elliptic_curve::rand_core::{CryptoRng, Error as NoRandom, RngCore};
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

/// Random bytes for one signature, drawn from ring before: p256 asks for as many as a scalar has, and cannot be told that there are none.
struct Drawn([u8; SCALAR_BYTES]);

const SCALAR_BYTES: usize = 32; // P-256

impl Drawn {
    fn new() -> Result<Self> {
        use ring::rand::SecureRandom;
        let mut bytes = [0; SCALAR_BYTES];
        match SystemRandom::new().fill(&mut bytes) {
            Ok(()) => Ok(Self(bytes)),
            Err(_) => Err(Error::Signing("the system gives no random numbers".to_owned())),
        }
    }
}

impl RngCore for Drawn {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, to: &mut [u8]) {
        to.iter_mut().zip(self.0).for_each(|(to, from)| *to = from);
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> std::result::Result<(), NoRandom> {
        self.fill_bytes(to);
        Ok(())
    }
}

impl CryptoRng for Drawn {}

/// A P-256 key. Its signatures are *hedged*: RFC 6979 with random numbers beside the key and the digest (section 3.6). A log takes no
/// signature twice, so that the same thing could be signed once only; and no signature depends on the random numbers alone.
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
        let signed: std::result::Result<Signature, _> = self.key.sign_prehash_with_rng(&mut Drawn::new()?, digest);
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

#[cfg(test)]
mod tests {
    use sigstore_crypto::{KeyPair, VerificationKey};
    use sigstore_types::DerPublicKey;

    use super::*;
    use crate::signing::PublicKey;

    fn bytes(digits: &str) -> Vec<u8> {
        let digits: Vec<u8> = digits.bytes().filter(u8::is_ascii_hexdigit).collect();
        let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        digits.chunks(2).map(pair).collect()
    }

    /// `SEQUENCE { INTEGER r, INTEGER s }`, of numbers whose first bit is set.
    fn ecdsa(r: &str, s: &str) -> Vec<u8> {
        let integer = |digits: &str| {
            let number = bytes(digits);
            [&[2, number.len() as u8 + 1, 0], number.as_slice()].concat()
        };
        let body = [integer(r), integer(s)].concat();
        [&[0x30, body.len() as u8], body.as_slice()].concat()
    }

    fn file(name: &str) -> Vec<u8> {
        std::fs::read(format!("{}/tests/fixtures/keys/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    /// The raw key in a public key's file.
    fn raw(name: &str) -> Vec<u8> {
        let der = DerPublicKey::from_pem(&String::from_utf8(file(name)).unwrap()).unwrap();
        VerificationKey::from_spki(&der).unwrap().as_bytes().to_vec()
    }

    /// RFC 6979, A.2.5 and A.2.6; RFC 8032, 7.1; OpenSSL 3.0.
    #[test]
    fn known_signatures() {
        let p256_key = bytes(
            "04 60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6
             7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299",
        );
        let p256 = ecdsa(
            "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
            "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
        );
        let p384_key = bytes(
            "04 EC3A4E415B4E19A4568618029F427FA5DA9A8BC4AE92E02E06AAE5286B300C64DEF8F0EA9055866064A254515480BC13
             8015D9B72D7D57244EA8EF9AC0C621896708A59367F9DFB9F54CA84B3F1C9DB1288B231C3AE0D4FE7344FD2533264720",
        );
        let p384 = ecdsa(
            "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46",
            "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8",
        );
        let ed25519_key = bytes("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
        let ed25519 = bytes(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        );
        let sample = b"sample".as_slice();
        for (scheme, key, message, signature) in [
            (SigningScheme::EcdsaP256Sha256, p256_key.clone(), sample, p256.clone()),
            (SigningScheme::EcdsaP384Sha384, p384_key, sample, p384),
            (
                SigningScheme::EcdsaP384Sha384,
                raw("p384.pub"),
                sample,
                file("p384.sig"),
            ),
            (SigningScheme::Ed25519, ed25519_key, &[0x72], ed25519),
            (SigningScheme::Ed25519, raw("ed.pub"), sample, file("ed.sig")),
            (SigningScheme::RsaPkcs1Sha256, raw("rsa.pub"), sample, file("rsa.sig")),
            (SigningScheme::RsaPssSha256, raw("rsa.pub"), sample, file("rsa-pss.sig")),
        ] {
            PROVIDER.verify_raw(scheme, &key, message, &signature).unwrap();
            assert!(
                PROVIDER.verify_raw(scheme, &key, b"other", &signature).is_err(),
                "{scheme:?}"
            );
            let mut broken = signature.clone();
            *broken.last_mut().unwrap() ^= 1;
            assert!(
                PROVIDER.verify_raw(scheme, &key, message, &broken).is_err(),
                "{scheme:?}"
            );
        }
        let digest = ring::digest::digest(&SHA256, sample);
        let prehashed =
            |digest: &[u8]| PROVIDER.verify_prehashed(SigningScheme::EcdsaP256Sha256, &p256_key, digest, &p256);
        prehashed(digest.as_ref()).unwrap();
        assert!(prehashed(&[7; 32]).is_err());
        let said = PROVIDER.verify_prehashed(SigningScheme::RsaPkcs1Sha256, &raw("rsa.pub"), digest.as_ref(), &[]);
        assert!(matches!(said, Err(Error::UnsupportedAlgorithm(_))));
        assert!(PROVIDER.verify_raw(SigningScheme::MlDsa44, &[], sample, &[]).is_err());
    }

    /// The same log takes both of them.
    #[test]
    fn p256_signs_the_same_thing_twice_and_otherwise() {
        let scalar = bytes("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721");
        let pair = P256::new(SigningKey::from_slice(&scalar).unwrap());
        let signed = [pair.sign_raw(b"sample").unwrap(), pair.sign_raw(b"sample").unwrap()];
        assert_ne!(signed[0], signed[1]);
        for signature in &signed {
            PROVIDER
                .verify_raw(SigningScheme::EcdsaP256Sha256, &pair.public, b"sample", signature)
                .unwrap();
        }
    }

    #[test]
    fn hashes() {
        install();
        let digest = |algorithm| {
            let mut hash = PROVIDER.hash(algorithm).unwrap();
            hash.update(b"a");
            hash.update(b"bc");
            crate::support::hex::hex(&hash.finalize())[..16].to_owned()
        };
        assert_eq!(digest(HashAlgorithm::Sha2256), "ba7816bf8f01cfea");
        assert_eq!(digest(HashAlgorithm::Sha2384), "cb00753f45a35e8b");
        assert_eq!(digest(HashAlgorithm::Sha2512), "ddaf35a193617aba");
    }

    #[test]
    fn keys_of_every_kind_sign() {
        install();
        for name in ["p384", "ed", "rsa"] {
            let pem = crate::signing::pem::blocks(&String::from_utf8(file(&format!("{name}.pem"))).unwrap()).unwrap();
            let pair = KeyPair::from_pkcs8_der(&pem[0].bytes).unwrap();
            let public = PublicKey::from_pem(&String::from_utf8(file(&format!("{name}.pub"))).unwrap()).unwrap();
            assert_eq!(pair.public_key_der().unwrap(), *public.der(), "{name}");
            let signature = pair.sign(b"sample").unwrap();
            let key = VerificationKey::from_spki(public.der()).unwrap();
            key.verify(b"sample", &signature).unwrap();
            assert!(key.verify(b"other", &signature).is_err(), "{name}");
        }
        assert!(KeyPair::from_pkcs8_der(&[0x30, 0]).is_err());
    }
}
