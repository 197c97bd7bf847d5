//! The way between a device and the gateway, of each kind, that can be stopped, cut and mended.
//!
//! A [`Cable`] is what lies between two ends that are real: bytes pass unchanged while it is whole. The device's end
//! stays where it is whatever happens, as a board's connector does; what the gateway sees depends on the kind.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use nix::fcntl::OFlag;
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};

use crate::http::free_address;

/// What kind of link a cable belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The device dials, the gateway listens (`--tcp`).
    Tcp,
    /// Datagrams (`--udp`).
    Udp,
    /// A serial line (`--serial`).
    Serial,
}

/// A cable. Gone when dropped; both ends then see a closed connection, or silence.
#[derive(Debug)]
pub struct Cable {
    /// What the device is told: an address, or the path of a terminal.
    pub device: String,
    /// What the gateway is told: an option and its value.
    pub gateway: [String; 2],
    kind: Kind,
    state: Arc<AtomicU8>,
    /// Both ends of the connections that pass, for a cut.
    open: Arc<Mutex<Vec<TcpStream>>>,
    /// A serial cable's gateway end, which goes away when it is cut.
    plug: Arc<Mutex<Option<Terminal>>>,
    path: PathBuf,
}

const WHOLE: u8 = 0;
const STOPPED: u8 = 1;
const CUT: u8 = 2;
const GONE: u8 = 3;
/// How often a cable that passes nothing looks at its state.
const PAUSE: Duration = Duration::from_millis(10);
/// Bytes taken at a time.
const PIECE: usize = 4096;

/// A pseudo terminal: our side of it, and theirs, held open so that ours never ends.
#[derive(Debug)]
struct Terminal {
    ours: File,
    _theirs: File,
    path: PathBuf,
}

impl Terminal {
    fn new() -> Self {
        // Closed in the programs that tests start: one that kept it would keep the terminal alive.
        let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
        let ours = posix_openpt(flags).expect("there is a pseudo terminal");
        grantpt(&ours).and_then(|()| unlockpt(&ours)).expect("its other side can be opened");
        let path = PathBuf::from(ptsname_r(&ours).expect("it has a name"));
        let theirs = File::options().read(true).write(true).custom_flags(OFlag::O_NOCTTY.bits()).open(&path);
        let theirs = theirs.expect("its other side can be opened");
        let mut mode = tcgetattr(&theirs).expect("it is a terminal");
        cfmakeraw(&mut mode);
        tcsetattr(&theirs, SetArg::TCSANOW, &mode).expect("it can be made raw");
        Self { ours: OwnedFd::from(ours).into(), _theirs: theirs, path }
    }
}

impl Cable {
    /// A whole cable.
    ///
    /// # Panics
    /// If the machine has no socket or terminal left.
    pub fn new(kind: Kind) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("narthex-cable-{}-{number}", std::process::id()));
        let mut cable = Self {
            device: String::new(),
            gateway: Default::default(),
            kind,
            state: Arc::new(AtomicU8::new(WHOLE)),
            open: Arc::default(),
            plug: Arc::default(),
            path,
        };
        match kind {
            Kind::Tcp => cable.lay_tcp(),
            Kind::Udp => cable.lay_udp(),
            Kind::Serial => cable.lay_serial(),
        }
        cable
    }

    /// Nothing passes any more; what is sent meanwhile waits (TCP), or is lost.
    pub fn stop(&self) {
        self.state.store(STOPPED, Ordering::SeqCst);
    }

    /// Connections end and none can be made; the gateway's serial port is unplugged.
    pub fn cut(&self) {
        self.state.store(CUT, Ordering::SeqCst);
        self.end_connections();
        if self.kind == Kind::Serial {
            let _ = fs::remove_file(&self.path);
            *self.plug.lock().expect("no thread panics") = None;
        }
    }

    /// All is well again.
    pub fn mend(&self) {
        if self.kind == Kind::Serial && self.state.load(Ordering::SeqCst) == CUT {
            self.plug_in();
        }
        self.state.store(WHOLE, Ordering::SeqCst);
    }

    fn end_connections(&self) {
        for stream in self.open.lock().expect("no thread panics").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn lay_tcp(&mut self) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
        let gateway = free_address();
        self.device = listener.local_addr().expect("it is bound").to_string();
        self.gateway = ["--tcp".into(), gateway.to_string()];
        let (state, open) = (Arc::clone(&self.state), Arc::clone(&self.open));
        listener.set_nonblocking(true).expect("a listener need not wait");
        thread::spawn(move || {
            while state.load(Ordering::SeqCst) != GONE {
                let whole = state.load(Ordering::SeqCst) == WHOLE;
                match listener.accept() {
                    // The device's dial fails unless the gateway's end can be reached.
                    Ok((device, _)) if whole => drop(join(device, gateway, &state, &open)),
                    Ok(_) => {}
                    Err(_) => thread::sleep(PAUSE),
                }
            }
        });
    }

    fn lay_udp(&mut self) {
        let device_side = UdpSocket::bind("127.0.0.1:0").expect("there is a port");
        let gateway_side = UdpSocket::bind("127.0.0.1:0").expect("there is a port");
        let gateway = free_address();
        gateway_side.connect(gateway).expect("loopback is there");
        self.device = device_side.local_addr().expect("it is bound").to_string();
        self.gateway = ["--udp".into(), gateway.to_string()];
        let device: Arc<Mutex<Option<SocketAddr>>> = Arc::default();
        for socket in [&device_side, &gateway_side] {
            socket.set_read_timeout(Some(PAUSE)).expect("a socket may time out");
        }
        let (up, down) = (device_side.try_clone(), gateway_side.try_clone());
        let (up, down) = (up.expect("a second handle"), down.expect("a second handle"));
        let (state, known) = (Arc::clone(&self.state), Arc::clone(&device));
        thread::spawn(move || {
            pass_while(&state, |buf, whole| {
                let (n, from) = device_side.recv_from(buf)?;
                *known.lock().expect("no thread panics") = Some(from);
                // Nobody may listen: then it is lost, as datagrams are.
                if whole {
                    let _ = gateway_side.send(&buf[..n]);
                }
                Ok(())
            });
        });
        let state = Arc::clone(&self.state);
        thread::spawn(move || {
            pass_while(&state, |buf, whole| {
                let n = down.recv(buf)?;
                if let (true, Some(device)) = (whole, *device.lock().expect("no thread panics")) {
                    let _ = up.send_to(&buf[..n], device);
                }
                Ok(())
            });
        });
    }

    fn lay_serial(&mut self) {
        let device = Terminal::new();
        self.device = device.path.display().to_string();
        self.gateway = ["--serial".into(), self.path.display().to_string()];
        self.plug_in();
        let (state, plug) = (Arc::clone(&self.state), Arc::clone(&self.plug));
        thread::spawn(move || {
            // Both ways in one thread: neither side ever waits.
            pass_while(&state, |buf, whole| {
                let mut moved = false;
                let mut plug = plug.lock().expect("no thread panics");
                if let Ok(n @ 1..) = (&device.ours).read(buf) {
                    moved = true;
                    if let (true, Some(plug)) = (whole, plug.as_ref()) {
                        let _ = (&plug.ours).write_all(&buf[..n]);
                    }
                }
                if let Some(plug) = plug.as_mut()
                    && let Ok(n @ 1..) = (&plug.ours).read(buf)
                {
                    moved = true;
                    if whole {
                        let _ = (&device.ours).write_all(&buf[..n]);
                    }
                }
                drop(plug);
                if !moved {
                    thread::sleep(Duration::from_millis(1));
                }
                Ok(())
            });
        });
    }

    /// The gateway's end of a serial cable: a new terminal each time, under one name.
    fn plug_in(&self) {
        let terminal = Terminal::new();
        let _ = fs::remove_file(&self.path);
        symlink(&terminal.path, &self.path).expect("a link can be made");
        *self.plug.lock().expect("no thread panics") = Some(terminal);
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.state.store(GONE, Ordering::SeqCst);
        self.end_connections();
        if self.kind == Kind::Serial {
            let _ = fs::remove_file(Path::new(&self.path));
        }
    }
}

/// Passes one piece after the other while the cable is there; `pass` is told whether it is whole.
fn pass_while(state: &AtomicU8, mut pass: impl FnMut(&mut [u8], bool) -> io::Result<()>) {
    let mut buf = [0; PIECE];
    loop {
        let now = state.load(Ordering::SeqCst);
        if now == GONE {
            return;
        }
        // Errors are time-outs, and remarks that nobody listens at the other end.
        let _ = pass(&mut buf, now == WHOLE);
    }
}

/// Joins a device's connection with a new one to the gateway, and passes bytes both ways until either ends.
fn join(
    device: TcpStream,
    gateway: SocketAddr,
    state: &Arc<AtomicU8>,
    open: &Mutex<Vec<TcpStream>>,
) -> io::Result<()> {
    let gateway = TcpStream::connect(gateway)?;
    for stream in [&device, &gateway] {
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        open.lock().expect("no thread panics").push(stream.try_clone()?);
    }
    for (mut from, mut to) in [(device.try_clone()?, gateway.try_clone()?), (gateway, device)] {
        let state = Arc::clone(state);
        thread::spawn(move || {
            let mut buf = [0; PIECE];
            while let Ok(n @ 1..) = from.read(&mut buf) {
                while state.load(Ordering::SeqCst) == STOPPED {
                    thread::sleep(PAUSE);
                }
                if to.write_all(&buf[..n]).is_err() {
                    break;
                }
            }
            let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
        });
    }
    Ok(())
}
