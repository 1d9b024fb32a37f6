//! Redis, speaking as 7.0.
use crate::chassis::*;
use futures_util::future::BoxFuture;
use std::sync::Arc;
#[allow(missing_docs)]
pub struct Redis;
#[allow(missing_docs)]
impl Redis {
    pub fn new() -> Self {
        Self
    }
}
impl Emulator for Redis {
    fn kind(&self) -> &'static str {
        "redis"
    }
    fn serve(self: Arc<Self>, _s: FaultStream, _p: Peer) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
    fn fork(&self) -> Arc<dyn Emulator> {
        Arc::new(Redis)
    }
    fn coverage(&self) -> Vec<Coverage> {
        vec![]
    }
}
