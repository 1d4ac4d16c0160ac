//! Output of jobs: its text is the same however its bytes are cut into pieces.

use queuectl_process::{Decoder, Encoding};

/// Output: the first byte says how long its pieces are.
pub(crate) fn output(bytes: &[u8]) {
    let Some((length, bytes)) = bytes.split_first() else {
        return;
    };
    let pieces = || bytes.chunks(usize::from(*length).max(1));
    for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::of(bytes)] {
        let text = in_pieces(Decoder::new(encoding), pieces());
        assert_eq!(text, encoding.text(bytes), "{encoding:?}");
    }
    // Where the first piece decides the encoding, all bytes still become text.
    let text = in_pieces(Decoder::default(), pieces());
    assert!(text.len() >= bytes.len() / 4, "{text}");
}

fn in_pieces<'a>(mut decoder: Decoder, pieces: impl Iterator<Item = &'a [u8]>) -> String {
    let mut text: String = pieces.map(|piece| decoder.push(piece)).collect();
    text += &decoder.end();
    assert_eq!(decoder.end(), "", "something was kept");
    text
}
