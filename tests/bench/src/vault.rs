//! The time to open a vault of 1, 10, 100 and 1,000 accounts, and to commit a change of one account.

use std::fs;
use std::path::Path;
use std::time::Instant;

use amiqus_core::account::{Account, AccountStatus};
use amiqus_core::token::{AccessToken, RefreshToken, TokenSet};
use amiqus_core::vault::{
    self, Change, Opened, RecordName, Records, SecretStore, Unlock, VaultOpener as _,
};
use sign_in_with_amiqus::vault::StrongholdOpener;
use tokio::runtime::Runtime;

use crate::computer::{Computer, vault_in};
use crate::{Figures, Options, Result, durable, milliseconds};

/// How many commits there are per round: each takes milliseconds only.
const REPEATS: usize = 5;

/// Opens and commits, and reads or writes a plain file of the same size in turn.
pub(crate) fn measure(options: &Options) -> Result<Vec<Figures>> {
    let runtime = Runtime::new()?;
    let computer = Computer::from_environment()?;
    let model = model(&runtime.block_on(computer.signed_in("model"))?)?;
    let mut rows = Vec::new();
    let mut commits = Vec::new();
    for count in [1_usize, 10, 100, 1_000] {
        let data = computer.user("vault")?;
        let all: Vec<_> = (0..count).map(|number| account(number, &model)).collect();
        let opened = open(&data)?;
        commit(opened.store.as_ref(), &all)?;
        drop(opened);
        let snapshot = vault_in(&data).join("vault.stronghold");

        let mut opening = Figures::of(format!("vault open {count}"));
        for _ in 0..options.rounds {
            let begun = Instant::now();
            let opened = open(&data)?;
            let read = opened.store.read_all().map_err(|error| error.to_string())?;
            opening.ours.push(milliseconds(begun.elapsed()));
            if read.len() != count {
                return Err("the vault lost an account".into());
            }
            let begun = Instant::now();
            fs::read(&snapshot)?;
            opening.floor.push(milliseconds(begun.elapsed()));
        }

        let opened = open(&data)?;
        let filler = durable::as_large_as(&snapshot)?;
        let mut committing = Figures::of(format!("vault commit {count}"));
        for round in 0..options.rounds * REPEATS {
            let change = [account(round % count, &model)];
            let begun = Instant::now();
            commit(opened.store.as_ref(), &change)?;
            committing.ours.push(milliseconds(begun.elapsed()));
            committing
                .floor
                .push(milliseconds(durable::write(&data, &filler)?));
        }
        commits.push(committing.ours.clone());
        rows.extend([opening, committing]);
    }
    if let [one, .., thousand] = commits.as_slice() {
        rows.push(Figures {
            row: "vault commit 1,000 beside 1".to_owned(),
            ours: thousand.clone(),
            floor: one.clone(),
        });
    }
    Ok(rows)
}

/// The real vault, with its key from the keychain.
fn open(data: &Path) -> Result<Opened> {
    let opened = StrongholdOpener::new(vault_in(data)).open(Unlock::Keychain);
    Ok(opened.map_err(|error| error.to_string())?)
}

fn commit(store: &dyn SecretStore, changes: &[Change]) -> Result<()> {
    Ok(store.commit(changes).map_err(|error| error.to_string())?)
}

/// The account of a user who signed in.
fn model(data: &Path) -> Result<Account> {
    let stored = open(data)?.store.read_all();
    let stored = stored.map_err(|error| error.to_string())?;
    let records = Records::read(&stored)?;
    Ok(records
        .accounts
        .into_values()
        .next()
        .ok_or("no account is signed in")?)
}

/// The record of another user's account like this one, with new tokens.
fn account(number: usize, model: &Account) -> Change {
    let mut identity = model.identity.clone();
    identity.user.id = number as u64;
    let status = match &model.status {
        AccountStatus::Connected { tokens, journal } => AccountStatus::Connected {
            tokens: TokenSet {
                access: AccessToken::new(random_token_like(tokens.access.expose())),
                refresh: RefreshToken::new(random_token_like(tokens.refresh.expose())),
                ..tokens.clone()
            },
            journal: *journal,
        },
        AccountStatus::SignInAgain(why) => AccountStatus::SignInAgain(*why),
    };
    Change {
        name: RecordName::Account(identity.key()),
        bytes: Some(vault::encode_account(&Account {
            identity,
            as_of: model.as_of,
            status,
        })),
    }
}

/// A random token of the same length.
fn random_token_like(token: &str) -> String {
    token.chars().map(|_| fastrand::alphanumeric()).collect()
}
