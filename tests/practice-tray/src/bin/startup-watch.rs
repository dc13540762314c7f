//! Prints what programs tell the desktop of their starts, a line each (Startup Notification
//! Specification); first of all a line that it listens.

use std::collections::HashMap;
use std::error::Error;
use std::io::{Write as _, stdout};

use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{ChangeWindowAttributesAux, ConnectionExt as _, EventMask};

fn main() -> Result<(), Box<dyn Error>> {
    let (connection, screen) = x11rb::connect(None)?;
    let root = connection.setup().roots[screen].root;
    let atom = |name: &[u8]| -> Result<u32, Box<dyn Error>> {
        Ok(connection.intern_atom(false, name)?.reply()?.atom)
    };
    let begin = atom(b"_NET_STARTUP_INFO_BEGIN")?;
    let more = atom(b"_NET_STARTUP_INFO")?;
    let events = ChangeWindowAttributesAux::new().event_mask(EventMask::PROPERTY_CHANGE);
    connection
        .change_window_attributes(root, &events)?
        .check()?;
    say("listening")?;
    // A message comes in parts of twenty bytes, and ends with a zero.
    let mut parts: HashMap<u32, Vec<u8>> = HashMap::new();
    loop {
        let Event::ClientMessage(message) = connection.wait_for_event()? else {
            continue;
        };
        if message.type_ != begin && message.type_ != more {
            continue;
        }
        let text = parts.entry(message.window).or_default();
        if message.type_ == begin {
            text.clear();
        }
        for byte in message.data.as_data8() {
            if byte == 0 {
                say(&String::from_utf8_lossy(text))?;
                text.clear();
                break;
            }
            text.push(byte);
        }
    }
}

fn say(line: &str) -> std::io::Result<()> {
    let mut output = stdout();
    writeln!(output, "{line}")?;
    output.flush()
}
