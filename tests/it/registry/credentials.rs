//! Credentials: which are sent where, and where they are never seen.

use slt::registry::{Credentials, Error, Login};
use slt::support::secret::Secret;

use super::client::{block_on, client, client_with, reference, there_and_back};
use super::server::{Auth, Server};

const AUTH: Auth = Auth::Bearer {
    user: "me",
    password: "right",
};

fn login(password: &str) -> Credentials {
    Credentials::fixed(Login::Basic {
        user: "me".to_owned(),
        password: Secret::new(password),
    })
}

#[test]
fn those_who_are_not_let_in_are_told_why() {
    let said = |auth: Auth, credentials: Credentials| {
        let server = Server::with(auth, true);
        let error = block_on(there_and_back(
            &client_with(credentials),
            &reference(&server, "app"),
            b"x",
        ))
        .unwrap_err();
        match error {
            Error::Unauthorized { had_credentials, .. } => had_credentials,
            other => panic!("{other}"),
        }
    };
    let basic = Auth::Basic {
        user: "me",
        password: "right",
    };
    assert!(!said(AUTH, Credentials::anonymous()));
    assert!(!said(basic.clone(), Credentials::anonymous()));
    assert!(said(AUTH, login("wrong")));
    assert!(said(basic, login("wrong")));
    assert!(said(Auth::Fixed("x"), login("right")));
}

#[test]
fn credentials_are_checked() {
    let server = Server::with(AUTH, true);
    assert!(block_on(client_with(login("right")).check(&server.address())).unwrap());
    assert!(block_on(client_with(login("wrong")).check(&server.address())).is_err());
    let open = Server::start();
    assert!(!block_on(client().check(&open.address())).unwrap());
    // nobody has looked at them
    assert!(!block_on(client_with(login("wrong")).check(&open.address())).unwrap());
}
