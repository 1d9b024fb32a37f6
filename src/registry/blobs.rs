//! Fetching blobs: in pieces, checked against their size and digest, and gone on with where they broke off.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use http::header::{CONTENT_RANGE, HeaderValue, RANGE};
use http::{Method, StatusCode};

use super::auth::Scope;
use super::client::reads;
use super::digest::Hasher;
use super::retry::{Attempt, RENEWING_BYTES};
use super::transport::{Answer, Request};
use super::{Client, Descriptor, Error, Progress, Reference};

/// Where the bytes of a blob go.
enum Target<'a> {
    Memory(&'a mut Vec<u8>),
    File(&'a mut File, &'a Path),
}

impl Target<'_> {
    fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        match self {
            Self::Memory(bytes) => bytes.extend_from_slice(piece),
            Self::File(file, path) => file.write_all(piece).map_err(Error::file("write", path))?,
        }
        Ok(())
    }

    /// Forgets all that has come.
    fn restart(&mut self) -> Result<(), Error> {
        match self {
            Self::Memory(bytes) => bytes.clear(),
            Self::File(file, path) => {
                let rewound = file.set_len(0).and_then(|()| file.seek(SeekFrom::Start(0)));
                rewound.map_err(Error::file("write", path))?;
            }
        }
        Ok(())
    }
}

/// How far a blob has got.
struct Fetched {
    hasher: Hasher,
    done: u64,
}

impl Client {
    /// Reads a small blob.
    ///
    /// # Errors
    /// It is not there, larger than `max_bytes`, or not what it is called; or the registry fails.
    pub async fn blob(&self, at: &Reference, blob: &Descriptor, max_bytes: u64) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        self.fetch(at, blob, max_bytes, &mut Target::Memory(&mut bytes)).await?;
        Ok(bytes)
    }

    /// Writes a blob to a file, which is made or emptied first. On an error, something may be left in it.
    ///
    /// # Errors
    /// As [`Client::blob`], or the file cannot be written.
    pub async fn blob_to_file(
        &self,
        at: &Reference,
        blob: &Descriptor,
        max_bytes: u64,
        path: &Path,
    ) -> Result<(), Error> {
        let mut options = OpenOptions::new();
        let opened = options.write(true).create(true).truncate(true).open(path);
        let mut file = opened.map_err(Error::file("write", path))?;
        self.fetch(at, blob, max_bytes, &mut Target::File(&mut file, path))
            .await
    }

    async fn fetch(
        &self,
        at: &Reference,
        blob: &Descriptor,
        max_bytes: u64,
        target: &mut Target<'_>,
    ) -> Result<(), Error> {
        let what = format!("blob {} of `{}`", blob.digest, at.repository_name());
        if blob.size > max_bytes {
            return Err(Error::TooLarge {
                what,
                limit: max_bytes,
                unit: "bytes",
            });
        }
        let request = self.request(Method::GET, at, &format!("blobs/{}", blob.digest), &what)?;
        let scope = reads(at);
        let mut fetched = Fetched {
            hasher: Hasher::new(),
            done: 0,
        };
        let (mut retries, mut furthest) = (self.retries(), 0);
        loop {
            match self.go_on(&request, &scope, blob, target, &mut fetched).await {
                Ok(()) => break,
                Err(attempt) => {
                    // one that begins anew again and again gets nowhere
                    if fetched.done >= furthest + RENEWING_BYTES {
                        furthest = fetched.done;
                        retries.renew();
                    }
                    retries.next(attempt, true).await?;
                }
            }
        }
        let found = fetched.hasher.finish();
        match found == blob.digest {
            true => Ok(()),
            false => Err(Error::DigestMismatch {
                what,
                expected: blob.digest.clone(),
                found,
            }),
        }
    }

    /// Fetches what is missing.
    async fn go_on(
        &self,
        request: &Request,
        scope: &Scope,
        blob: &Descriptor,
        target: &mut Target<'_>,
        fetched: &mut Fetched,
    ) -> Result<(), Attempt> {
        if fetched.done == blob.size && blob.size > 0 {
            return Ok(());
        }
        let mut request = request.clone();
        if fetched.done > 0 {
            let range = HeaderValue::from_str(&format!("bytes={}-", fetched.done)).ok();
            request.headers.extend(range.map(|range| (RANGE, range)));
        }
        let mut answer = self.once(&request, scope, &|_| {}).await?;
        match answer.status {
            StatusCode::PARTIAL_CONTENT if fetched.done > 0 && starts_at(&answer) == Some(fetched.done) => {}
            // the whole again, or what nobody asked for
            StatusCode::OK => restart(target, fetched)?,
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE if fetched.done > 0 => {
                restart(target, fetched)?;
                return Err(Attempt::cut(&answer.url, 0, blob.size));
            }
            _ => return Err(self.unexpected_in(answer, &scope.registry, &request.what).await.into()),
        }
        let silence = self.settings().patience.silence;
        while let Some(piece) = answer.piece(silence).await? {
            if fetched.done + piece.len() as u64 > blob.size {
                let reason = format!("it has more than the {} bytes that its manifest says", blob.size);
                return Err(Error::malformed(&request.what, reason).into());
            }
            target.write(&piece)?;
            fetched.hasher.update(&piece);
            fetched.done += piece.len() as u64;
            self.settings().watch.tell(&Progress {
                digest: blob.digest.clone(),
                sent: false,
                done: fetched.done,
                total: blob.size,
            });
        }
        match fetched.done == blob.size {
            true => Ok(()),
            false => Err(Attempt::cut(&answer.url, fetched.done, blob.size)),
        }
    }
}

fn restart(target: &mut Target<'_>, fetched: &mut Fetched) -> Result<(), Error> {
    if fetched.done > 0 {
        target.restart()?;
        *fetched = Fetched {
            hasher: Hasher::new(),
            done: 0,
        };
    }
    Ok(())
}

/// Where a part of a body begins: `bytes 100-199/200`.
fn starts_at(answer: &Answer) -> Option<u64> {
    let range = answer
        .headers
        .get(CONTENT_RANGE)?
        .to_str()
        .ok()?
        .strip_prefix("bytes ")?;
    range.split('-').next()?.parse().ok()
}
