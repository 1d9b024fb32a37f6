//! Redis through the `redis` crate, as its users meet it: the opening moves, and typical use.
//!
//! The same bodies run on the emulator and on the real server.

use std::collections::HashMap;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncCommands, AsyncConnectionConfig, Client, ErrorKind, ExistenceCheck, IntoConnectionInfo, Pipeline, RedisError,
    RedisResult, SetExpiry, SetOptions, Value,
};

use crate::target::Target;

/// Opens a connection as `url` says.
async fn open(target: &Target, url: &str) -> RedisResult<MultiplexedConnection> {
    let url = format!("redis://{url}");
    let information = Client::open(url.into_connection_info()?)?.get_connection_info().clone();
    let configuration = AsyncConnectionConfig::new();
    let stream = target.connect().await;
    let opened = MultiplexedConnection::new_with_config(information.redis_settings(), stream, configuration).await;
    let (connection, driver) = opened?;
    tokio::spawn(driver);
    Ok(connection)
}

async fn opening_moves(target: &Target) -> RedisResult<()> {
    for url in [
        "localhost",
        "localhost/3",
        "localhost?protocol=resp3",
        "localhost/3?protocol=resp3",
    ] {
        let mut connection = open(target, url).await?;
        let information: String = redis::cmd("CLIENT").arg("INFO").query_async(&mut connection).await?;
        let database = if url.contains("/3") { " db=3 " } else { " db=0 " };
        let protocol = if url.contains("resp3") { "resp=3" } else { "resp=2" };
        assert!(
            information.contains(database) && information.contains(protocol),
            "{url}: {information}"
        );
        connection.set::<_, _, ()>("where", url).await?;
    }
    let mut connection = open(target, "localhost").await?;
    assert_eq!(connection.get::<_, String>("where").await?, "localhost?protocol=resp3");
    Ok(())
}

async fn a_password(target: &Target) -> RedisResult<()> {
    let mut administrator = open(target, "localhost").await?;
    let set = redis::cmd("CONFIG")
        .arg("SET")
        .arg("requirepass")
        .arg("secret")
        .to_owned();
    set.query_async::<()>(&mut administrator).await?;
    for right in [
        ":secret@localhost",
        "default:secret@localhost",
        "default:secret@localhost?protocol=resp3",
    ] {
        let mut connection = open(target, right).await?;
        assert!(connection.incr::<_, _, i64>("logins", 1).await? > 0, "{right}");
    }
    for wrong in [
        ":wrong@localhost",
        "somebody:secret@localhost",
        "default:wrong@localhost?protocol=resp3",
    ] {
        let error = open(target, wrong)
            .await
            .err()
            .unwrap_or_else(|| panic!("{wrong} was let in"));
        let refused = error.kind() == ErrorKind::AuthenticationFailed || error.code() == Some("WRONGPASS");
        assert!(refused, "{wrong}: {error}");
    }
    let mut nobody = open(target, "localhost").await?;
    let error = nobody
        .get::<_, Option<String>>("logins")
        .await
        .expect_err("a password is needed");
    assert_eq!(error.code(), Some("NOAUTH"), "{error}");
    Ok(())
}

async fn typical_use(target: &Target) -> RedisResult<()> {
    let mut connection = open(target, "localhost").await?;
    let missing: Option<Vec<u8>> = connection.get("missing").await?;
    assert_eq!(missing, None);
    let bytes: Vec<u8> = (0..=255).collect();
    connection.set::<_, _, ()>("bytes", &bytes).await?;
    assert_eq!(connection.get::<_, Vec<u8>>("bytes").await?, bytes);
    let once = SetOptions::default()
        .conditional_set(ExistenceCheck::NX)
        .with_expiration(SetExpiry::EX(100));
    assert!(connection.set_options::<_, _, bool>("once", 1, once.clone()).await?);
    assert!(!connection.set_options::<_, _, bool>("once", 2, once).await?);
    assert_eq!(connection.ttl::<_, i64>("once").await?, 100);
    assert_eq!(connection.incr::<_, _, i64>("count", 41).await?, 41);
    assert_eq!(connection.incr::<_, _, i64>("count", 1).await?, 42);
    assert_eq!(connection.incr::<_, _, f64>("ratio", 0.5).await?, 0.5);
    let all: Vec<Option<String>> = connection.mget(&["once", "missing", "count"]).await?;
    assert_eq!(all, [Some("1".to_owned()), None, Some("42".to_owned())]);
    let removed: i64 = connection.del(&["once", "missing", "count", "ratio", "bytes"]).await?;
    assert_eq!(removed, 4);
    let configuration: HashMap<String, String> = redis::cmd("CONFIG")
        .arg("GET")
        .arg("databases")
        .query_async(&mut connection)
        .await?;
    assert_eq!(configuration["databases"], "16");
    Ok(())
}

async fn errors(target: &Target) -> RedisResult<()> {
    let mut connection = open(target, "localhost").await?;
    connection.set::<_, _, ()>("text", "x").await?;
    let error: RedisError = connection
        .incr::<_, _, i64>("text", 1)
        .await
        .expect_err("it is no number");
    assert_eq!(error.detail(), Some("value is not an integer or out of range"));
    let error = redis::cmd("NOPE")
        .query_async::<()>(&mut connection)
        .await
        .expect_err("no such command");
    assert!(error.to_string().contains("unknown command 'NOPE'"), "{error}");
    assert_eq!(
        connection.get::<_, String>("text").await?,
        "x",
        "an error leaves the connection in order"
    );
    Ok(())
}

async fn transactions(target: &Target) -> RedisResult<()> {
    let mut connection = open(target, "localhost").await?;
    let mut atomic = Pipeline::new();
    atomic.atomic().set("a", 1).ignore().incr("a", 1).get("missing");
    let replies: (i64, Option<String>) = atomic.query_async(&mut connection).await?;
    assert_eq!(replies, (2, None));
    let mut other = open(target, "localhost").await?;
    redis::cmd("WATCH").arg("a").query_async::<()>(&mut connection).await?;
    other.set::<_, _, ()>("a", 10).await?;
    let mut lost = Pipeline::new();
    lost.atomic().set("a", 3);
    assert_eq!(lost.query_async::<Value>(&mut connection).await?, Value::Nil);
    assert_eq!(other.get::<_, i64>("a").await?, 10);
    let mut spoilt = Pipeline::new();
    spoilt.atomic().cmd("NOPE").set("a", 4);
    let error = spoilt
        .query_async::<Value>(&mut connection)
        .await
        .expect_err("a spoilt transaction");
    assert!(
        error.to_string().contains("NOPE") || error.code() == Some("EXECABORT"),
        "{error}"
    );
    assert_eq!(other.get::<_, i64>("a").await?, 10);
    Ok(())
}

async fn many_at_once(target: &Target) -> RedisResult<()> {
    let connection = open(target, "localhost?protocol=resp3").await?;
    let mut tasks = Vec::new();
    for number in 0..200_i64 {
        let mut connection = connection.clone();
        tasks.push(tokio::spawn(async move {
            connection.set::<_, _, ()>(number, number * 3).await?;
            connection.incr::<_, _, i64>("all", 1).await?;
            connection.get::<_, i64>(number).await
        }));
    }
    for (number, task) in (0..).zip(tasks) {
        assert_eq!(task.await.expect("no panic")?, number * 3);
    }
    let mut connection = connection;
    assert_eq!(connection.get::<_, i64>("all").await?, 200);
    let mut scanned: Vec<String> = Vec::new();
    let mut keys = connection.scan_match::<_, String>("1??").await?;
    while let Some(key) = keys.next_item().await {
        scanned.push(key?);
    }
    drop(keys);
    scanned.sort();
    scanned.dedup();
    assert_eq!(scanned, (100..200).map(|key| key.to_string()).collect::<Vec<_>>());
    Ok(())
}

/// Each body as two tests: on the emulator, and on the real server.
macro_rules! on_both {
    ($($body:ident)*) => {
        mod emulator { $(
            #[test]
            fn $body() {
                let target = super::Target::emulated();
                target.run(super::$body(&target)).unwrap();
            }
        )* }
        mod real_server { $(
            #[test]
            #[ignore = "needs redis-server"]
            fn $body() {
                let target = super::Target::real();
                target.run(super::$body(&target)).unwrap();
            }
        )* }
    };
}

on_both! { opening_moves a_password typical_use errors transactions many_at_once }
