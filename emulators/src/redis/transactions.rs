//! `MULTI`, `EXEC`, `DISCARD`, `WATCH`, `UNWATCH`.

use super::call::{Call, copied};
use super::dispatch;
use super::error::Error;
use super::reply::{OK, Reply, write_length};
use super::session::{Replies, Session, Transaction, Watched};
use super::store::Store;

type Outcome = Result<Reply, Error>;

/// `MULTI`
pub fn multi(call: &mut Call<'_>) -> Outcome {
    if call.session.transaction.is_some() {
        return Err(Error::Fixed("ERR MULTI calls can not be nested"));
    }
    call.session.transaction = Some(Transaction::default());
    Ok(OK)
}

/// `DISCARD`
pub fn discard(call: &mut Call<'_>) -> Outcome {
    if call.session.transaction.take().is_none() {
        return Err(Error::Fixed("ERR DISCARD without MULTI"));
    }
    unwatch_all(call.session, &mut call.state.store);
    Ok(OK)
}

/// `EXEC`: a command that fails does not undo those before it
pub fn exec(call: &mut Call<'_>) -> Outcome {
    let Some(transaction) = call.session.transaction.take() else {
        return Err(Error::Fixed("ERR EXEC without MULTI"));
    };
    // to look at a key is to remove it if it has expired, and that disturbs those who watch it
    for watched in &call.session.watched {
        call.state.store.peek(watched.database, &watched.key, call.now);
    }
    let is_disturbed = call.state.store.is_disturbed(call.session.id);
    unwatch_all(call.session, &mut call.state.store);
    if transaction.is_refused {
        return Err(Error::TransactionAborted);
    }
    if is_disturbed {
        return Ok(Reply::NilArray);
    }
    let mut replies = Vec::new();
    write_length(b'*', transaction.queue.len(), &mut replies);
    call.session.executing = Some(transaction.queue.len());
    for queued in &transaction.queue {
        let reply = dispatch::run(&mut Call {
            state: call.state,
            session: call.session,
            arguments: queued.arguments.borrow(),
            command: queued.command,
            now: call.now,
            surroundings: call.surroundings,
        });
        // each in the version of the protocol that is spoken by now
        if call.session.replies == Replies::On {
            reply.write(call.session.protocol, &mut replies);
        }
    }
    call.session.executing = None;
    Ok(Reply::Written(replies))
}

/// `WATCH key [key …]`
pub fn watch(call: &mut Call<'_>) -> Outcome {
    if call.session.transaction.is_some() {
        return Err(Error::Fixed("ERR WATCH inside MULTI is not allowed"));
    }
    let database = call.session.database;
    for key in call.arguments.from(1) {
        // one that has expired is gone before it is watched
        call.peek(key);
        let watched = Watched {
            database,
            key: copied(key),
        };
        if !call.session.watched.contains(&watched) {
            call.state.store.watch(call.session.id, database, watched.key.clone());
            call.session.watched.push(watched);
        }
    }
    Ok(OK)
}

/// `UNWATCH`
pub fn unwatch(call: &mut Call<'_>) -> Outcome {
    unwatch_all(call.session, &mut call.state.store);
    Ok(OK)
}

/// Forgets what was watched, and whether it has changed.
pub fn unwatch_all(session: &mut Session, store: &mut Store) {
    for watched in session.watched.drain(..) {
        store.unwatch(session.id, watched.database, &watched.key);
    }
    store.settle(session.id);
}
