//! Stands in for the core's methods until they are merged.
#![allow(async_fn_in_trait, dead_code, missing_docs)]
use amiqus_core::error::{Code, Problem};
use amiqus_core::runtime::SessionHandle;

pub(crate) trait PendingCore {
    fn dismiss_problem(&self) -> std::future::Ready<Result<(), Problem>> {
        std::future::ready(Err(Code::Internal.into()))
    }
    fn reload_setup(&self) -> std::future::Ready<Result<(), Problem>> {
        std::future::ready(Ok(()))
    }
    fn authorization_url(&self) -> std::future::Ready<Result<url::Url, Problem>> {
        std::future::ready(Err(Code::Internal.into()))
    }
    fn window_closed(&self) {}
}
impl PendingCore for SessionHandle {}
