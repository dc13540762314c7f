//! Types for text that must never be printed, sent to the window or left behind in memory.
//!
//! Each secret is a type of its own, so that an access token can't be sent where a refresh token
//! belongs. None implements `Display`, `Serialize` or `Deserialize`; `Debug` prints only the type's
//! name; the text is overwritten when the value is dropped. `secrecy` does the work; the macro adds
//! the distinct types.

/// Declares a type for a secret text.
macro_rules! secret_text {
    ($(#[$documentation:meta])* $name:ident) => {
        $(#[$documentation])*
        #[derive(Clone)]
        pub struct $name(::secrecy::SecretString);

        impl $name {
            /// Takes ownership of the text. Copies that the caller keeps are the caller's to wipe.
            #[must_use]
            pub fn new(text: impl Into<::std::string::String>) -> Self {
                let text: ::std::string::String = text.into();
                Self(::secrecy::SecretString::from(text))
            }

            /// The text itself, for the one place that needs it: a request body, a header, the
            /// vault.
            #[must_use]
            pub fn expose(&self) -> &str {
                ::secrecy::ExposeSecret::expose_secret(&self.0)
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                formatter.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

pub(crate) use secret_text;

secret_text! {
    /// The passphrase of the vault on a computer without a keychain.
    Passphrase
}

#[cfg(test)]
mod tests {
    use super::Passphrase;

    /// Shows check 42.
    #[test]
    fn secret_prints_only_its_type() {
        let passphrase = Passphrase::new("correct horse battery staple");
        assert_eq!(format!("{passphrase:?}"), "Passphrase(…)");
    }
}
