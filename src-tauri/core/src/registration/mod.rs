//! The registration of an API client at Amiqus: its values, and their validation.

use std::fmt;

use serde::Deserialize;
use specta::Type;

use crate::secret::secret_text;
use crate::text::plain_text;

mod address;
pub mod provisioning;
mod validation;

#[cfg(test)]
mod tests;

pub use self::address::{
    BaseUrl, DEFAULT_BASE_URL, DEFAULT_REDIRECT_URL, Page, RedirectKind, RedirectUrl, SCHEME,
};
pub use self::validation::{Field, FieldProblem, Reason};
use self::validation::{MAX_VALUE_BYTES, printable_ascii};

/// The public ID of the API client (RFC 6749 §2.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientId(String);

impl ClientId {
    /// The ID as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

secret_text! {
    /// The API client's secret (RFC 6749 §2.3.1). It belongs to the customer's organisation and is
    /// never part of an installer.
    ClientSecret
}

/// The origin of a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provenance {
    /// An administrator entered it in the window.
    ByHand,
    /// It comes from a provisioning file. The window shows it as managed and can't change it.
    Provisioned,
}

/// A valid registration.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The API client's public ID.
    pub client_id: ClientId,
    /// The API client's secret.
    pub client_secret: ClientSecret,
    /// The redirect URL as registered at Amiqus.
    pub redirect_url: RedirectUrl,
    /// The base URL of Amiqus.
    pub base_url: BaseUrl,
    /// The organisation's name, as plain text, to greet its users with.
    pub organisation: Option<String>,
    /// Whether PKCE (S256) is used. Only disabled for a service that rejects unknown parameters.
    pub pkce: bool,
    /// Where the registration comes from.
    pub provenance: Provenance,
}

/// A registration as entered, not yet validated. The window sends it to the core; it is never sent
/// back.
#[derive(Deserialize, Type)]
pub struct RegistrationDraft {
    /// The client ID, as pasted from Amiqus's list of API clients.
    pub client_id: String,
    /// The client secret, as pasted from the API client's page.
    pub client_secret: String,
    /// A redirect URL other than [`DEFAULT_REDIRECT_URL`].
    pub redirect_url: Option<String>,
    /// A base URL other than [`DEFAULT_BASE_URL`].
    pub base_url: Option<String>,
    /// The organisation's name.
    pub organisation: Option<String>,
    /// Whether to use PKCE; it is used by default.
    pub pkce: Option<bool>,
}

impl fmt::Debug for RegistrationDraft {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RegistrationDraft(…)")
    }
}

impl Drop for RegistrationDraft {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.client_secret);
    }
}

impl RegistrationDraft {
    /// Fills in the client secret of the current registration if none was entered: the secret is never
    /// displayed, and need not be pasted again to change something else.
    ///
    /// Not for another API client; not for another service, which would receive a secret that isn't its
    /// own; and not for another redirect URL or without PKCE, because then anyone at the window could
    /// get at a code without knowing the secret.
    #[must_use]
    pub fn with_current_secret(mut self, current: Option<&Registration>) -> Self {
        let is_blank = self.client_secret.trim().is_empty();
        if let Some(current) = current.filter(|_| is_blank) {
            let is_same_client = self.client_id.trim() == current.client_id.as_str();
            let keeps_pkce = self.pkce.unwrap_or(true) || !current.pkce;
            if is_same_client
                && keeps_pkce
                && self.base_url().as_ref() == Ok(&current.base_url)
                && self.redirect_url() == current.redirect_url.as_str()
            {
                current
                    .client_secret
                    .expose()
                    .clone_into(&mut self.client_secret);
            }
        }
        self
    }

    /// The base URL, or the default if none was entered.
    ///
    /// # Errors
    /// The [`Reason`] why it can't be used.
    pub(crate) fn base_url(&self) -> Result<BaseUrl, Reason> {
        BaseUrl::parse(trimmed_or(self.base_url.as_deref(), DEFAULT_BASE_URL))
    }

    fn redirect_url(&self) -> &str {
        trimmed_or(self.redirect_url.as_deref(), DEFAULT_REDIRECT_URL)
    }

    /// Validates all fields of a registration that an administrator enters or provisions. White space around a value is removed, because it comes from pasting;
    /// inside a value it is an error.
    ///
    /// # Errors
    /// All fields that must be changed, in the order of the form.
    ///
    /// ```
    /// use amiqus_core::registration::{Field, Provenance, Reason, RegistrationDraft};
    ///
    /// let mut draft = RegistrationDraft {
    ///     client_id: " 9a1c0ffe\n".to_owned(),
    ///     client_secret: "a secret".to_owned(),
    ///     redirect_url: None,
    ///     base_url: None,
    ///     organisation: None,
    ///     pkce: None,
    /// };
    /// let problems = draft.validate(Provenance::ByHand).unwrap_err();
    /// assert_eq!(problems[0].field, Field::ClientSecret);
    /// assert_eq!(problems[0].reason, Reason::HasSpaces);
    ///
    /// draft.client_secret = "secret".to_owned();
    /// let registration = draft.validate(Provenance::ByHand).unwrap();
    /// assert_eq!(registration.client_id.as_str(), "9a1c0ffe");
    /// assert_eq!(registration.base_url.as_str(), "https://id.amiqus.co");
    /// assert!(registration.pkce);
    /// ```
    pub fn validate(&self, provenance: Provenance) -> Result<Registration, Vec<FieldProblem>> {
        self.validate_with(RedirectUrl::parse_entered, provenance)
    }

    /// Validates all fields of a registration that the vault holds: what an earlier version accepted is
    /// not lost.
    ///
    /// # Errors
    /// All fields that can't be used.
    pub(crate) fn validate_stored(
        &self,
        provenance: Provenance,
    ) -> Result<Registration, Vec<FieldProblem>> {
        self.validate_with(RedirectUrl::parse, provenance)
    }

    fn validate_with(
        &self,
        parse_redirect_url: fn(&str) -> Result<RedirectUrl, Reason>,
        provenance: Provenance,
    ) -> Result<Registration, Vec<FieldProblem>> {
        let problem_in = |field: Field| move |reason: Reason| FieldProblem { field, reason };
        let client_id = printable_ascii(self.client_id.trim()).map_err(problem_in(Field::ClientId));
        let client_secret =
            printable_ascii(self.client_secret.trim()).map_err(problem_in(Field::ClientSecret));
        let redirect_url =
            parse_redirect_url(self.redirect_url()).map_err(problem_in(Field::RedirectUrl));
        let base_url = self.base_url().map_err(problem_in(Field::BaseUrl));
        let organisation = match self.organisation.as_deref().map(str::trim) {
            Some(name) if name.len() > MAX_VALUE_BYTES => {
                Err(problem_in(Field::Organisation)(Reason::TooLong))
            }
            name => Ok(name.map(plain_text).filter(|name| !name.is_empty())),
        };
        match (
            client_id,
            client_secret,
            redirect_url,
            base_url,
            organisation,
        ) {
            (
                Ok(client_id),
                Ok(client_secret),
                Ok(redirect_url),
                Ok(base_url),
                Ok(organisation),
            ) => Ok(Registration {
                client_id: ClientId(client_id.to_owned()),
                client_secret: ClientSecret::new(client_secret),
                redirect_url,
                base_url,
                organisation,
                pkce: self.pkce.unwrap_or(true),
                provenance,
            }),
            (client_id, client_secret, redirect_url, base_url, organisation) => {
                let mut problems = Vec::new();
                problems.extend(client_id.err());
                problems.extend(client_secret.err());
                problems.extend(redirect_url.err());
                problems.extend(base_url.err());
                problems.extend(organisation.err());
                Err(problems)
            }
        }
    }
}

fn trimmed_or<'a>(text: Option<&'a str>, default: &'a str) -> &'a str {
    match text.map(str::trim) {
        None | Some("") => default,
        Some(text) => text,
    }
}
