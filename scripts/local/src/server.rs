//! One server of the stack on loopback, which ends when its handle is dropped.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A running server.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves these routes on loopback; port 0 lets the kernel choose.
    pub async fn start(port: u16, routes: axum::Router) -> io::Result<Self> {
        Self::on(TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?, routes)
    }

    /// Serves these routes on a listener that is bound already, for a port that others must know first.
    pub fn on(listener: TcpListener, routes: axum::Router) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let service = routes.into_make_service_with_connect_info::<SocketAddr>();
        // It ends with the handle alone: accepting again after a fault is axum's own affair.
        let task = tokio::spawn(async move { drop(axum::serve(listener, service).await) });
        Ok(Self { address, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its base URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}
