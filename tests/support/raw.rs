//! A server that speaks no protocol: it reads a request's head, writes given bytes, and closes.

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The server; it ends when dropped.
pub struct Raw {
    url: String,
    heads: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

#[derive(Clone)]
enum Answer {
    Bytes(String),
    /// The first, then the second with so many bytes behind it, again and again.
    Endless(String, String, usize),
    Never,
}

impl Raw {
    /// Answers every request with these bytes.
    pub async fn start(answer: &str) -> Self {
        Self::with(Answer::Bytes(answer.to_owned())).await
    }

    /// Answers with a head and then with chunks without end.
    pub async fn endless(head: &str, size: &str, bytes: usize) -> Self {
        Self::with(Answer::Endless(head.to_owned(), size.to_owned(), bytes)).await
    }

    /// Takes requests and keeps them.
    pub async fn silent() -> Self {
        Self::with(Answer::Never).await
    }

    /// A URL at whose port nobody listens.
    pub async fn closed_port() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    }

    async fn with(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = heads.clone();
        let task = tokio::spawn(async move {
            let mut kept = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let head = read_head(&mut stream).await;
                seen.lock().unwrap().push(head);
                if let Some(open) = reply(stream, &answer).await {
                    kept.push(open);
                }
            }
        });
        Self { url, heads, task }
    }

    /// The base URL.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// The heads of the requests so far.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut part = [0; 1_024];
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        match stream.read(&mut part).await {
            Ok(n) if n > 0 => head.extend_from_slice(&part[..n]),
            _ => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// Answers; gives the stream back if it is to stay open. That the client hangs up is its right.
async fn reply(mut stream: TcpStream, answer: &Answer) -> Option<TcpStream> {
    match answer {
        Answer::Bytes(bytes) => {
            let _ = stream.write_all(bytes.as_bytes()).await;
            let _ = stream.shutdown().await;
            None
        }
        Answer::Endless(head, size, bytes) => {
            let chunk = format!("{size}{}\r\n", "x".repeat(*bytes));
            let mut sent = stream.write_all(head.as_bytes()).await;
            while sent.is_ok() {
                sent = stream.write_all(chunk.as_bytes()).await;
            }
            None
        }
        Answer::Never => Some(stream),
    }
}
