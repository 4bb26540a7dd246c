//! A small client of the gateway, with blocking calls: for tests and for measuring latencies.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use crate::stamp::ExternalCommand;
use crate::wire::{FrameError, Said, put_request, take_answer};

/// A connection.
#[derive(Debug)]
pub struct Client {
    sending: Sending,
    receiving: Receiving,
}

/// The half that sends.
#[derive(Debug)]
pub struct Sending {
    stream: TcpStream,
    bytes: Vec<u8>,
}

/// The half that receives.
#[derive(Debug)]
pub struct Receiving {
    stream: TcpStream,
    bytes: Vec<u8>,
    taken: usize,
}

fn invalid(error: FrameError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

impl Client {
    /// Connects. Nothing waits for more to send.
    ///
    /// # Errors
    /// The network.
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let receiving = Receiving { stream: stream.try_clone()?, bytes: Vec::new(), taken: 0 };
        Ok(Self { sending: Sending { stream, bytes: Vec::new() }, receiving })
    }

    /// Sends commands, in order.
    ///
    /// # Errors
    /// The network; a command beyond 1 MiB.
    pub fn send(&mut self, commands: &[ExternalCommand]) -> io::Result<()> {
        self.sending.send(commands)
    }

    /// Waits for the next thing the gateway says; `None` when it has closed the connection.
    ///
    /// # Errors
    /// The network; bytes that are no answer.
    pub fn receive(&mut self) -> io::Result<Option<Said>> {
        self.receiving.receive()
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// The network.
    pub fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sending.stream.write_all(bytes)
    }

    /// Says that nothing more will be sent; answers still arrive.
    ///
    /// # Errors
    /// The network.
    pub fn finish_sending(&mut self) -> io::Result<()> {
        self.sending.finish()
    }

    /// Lets [`Self::receive`] fail when nothing arrives for so long.
    ///
    /// # Errors
    /// The network.
    pub fn set_patience(&self, patience: Duration) -> io::Result<()> {
        self.receiving.stream.set_read_timeout(Some(patience))
    }

    /// The two halves, for two threads.
    #[must_use]
    pub fn split(self) -> (Sending, Receiving) {
        (self.sending, self.receiving)
    }
}

impl Sending {
    /// Sends commands, in order, in one write.
    ///
    /// # Errors
    /// The network; a command beyond 1 MiB.
    pub fn send<'a>(
        &mut self,
        commands: impl IntoIterator<Item = &'a ExternalCommand>,
    ) -> io::Result<()> {
        self.bytes.clear();
        for command in commands {
            put_request(&mut self.bytes, command).map_err(invalid)?;
        }
        self.stream.write_all(&self.bytes)
    }

    /// Says that nothing more will be sent.
    ///
    /// # Errors
    /// The network.
    pub fn finish(&mut self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }
}

impl Receiving {
    /// Waits for the next thing the gateway says; `None` when it has closed the connection.
    ///
    /// # Errors
    /// The network; bytes that are no answer.
    pub fn receive(&mut self) -> io::Result<Option<Said>> {
        const CHUNK: usize = 64 << 10;
        loop {
            if let Some((said, length)) = take_answer(&self.bytes[self.taken..]).map_err(invalid)? {
                self.taken += length;
                return Ok(Some(said));
            }
            self.bytes.drain(..self.taken);
            self.taken = 0;
            let held = self.bytes.len();
            self.bytes.resize(held + CHUNK, 0);
            let read = self.stream.read(&mut self.bytes[held..]);
            self.bytes.truncate(held + *read.as_ref().unwrap_or(&0));
            match read? {
                0 if held == 0 => return Ok(None),
                0 => return Err(invalid(FrameError::Half(held))),
                _ => {}
            }
        }
    }
}
