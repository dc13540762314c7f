//! Prints all startup notification messages, one per line (Startup Notification Specification of
//! freedesktop.org). The first line is `listening`.

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
    let first_part = atom(b"_NET_STARTUP_INFO_BEGIN")?;
    let next_part = atom(b"_NET_STARTUP_INFO")?;
    let events = ChangeWindowAttributesAux::new().event_mask(EventMask::PROPERTY_CHANGE);
    connection
        .change_window_attributes(root, &events)?
        .check()?;
    print_line("listening")?;
    // A message is sent in parts of 20 bytes, and ends with a null byte.
    let mut partial_messages: HashMap<u32, Vec<u8>> = HashMap::new();
    loop {
        let Event::ClientMessage(part) = connection.wait_for_event()? else {
            continue;
        };
        if part.type_ != first_part && part.type_ != next_part {
            continue;
        }
        let text = partial_messages.entry(part.window).or_default();
        if part.type_ == first_part {
            text.clear();
        }
        for byte in part.data.as_data8() {
            if byte == 0 {
                print_line(&String::from_utf8_lossy(text))?;
                text.clear();
                break;
            }
            text.push(byte);
        }
    }
}

fn print_line(line: &str) -> std::io::Result<()> {
    let mut output = stdout();
    writeln!(output, "{line}")?;
    output.flush()
}
