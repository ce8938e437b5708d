//! Memory for sealed parts that goes round: what one part has left the next one is sealed into. Memory that is given back
//! and taken anew for each part costs the system as much time as hashing it.
//! It keeps as many pieces as parts are sealed at once, and none of a part that is still on its way.

use std::{
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;

use super::parts::SEALING_THREADS;

/// The pieces that nobody uses. Cheap to clone: each clone is the same store.
#[derive(Clone, Default)]
pub(super) struct Spare(Arc<Mutex<Vec<Vec<u8>>>>);

impl Spare {
    /// An empty piece, with room when there is one.
    pub(super) fn take(&self) -> Vec<u8> {
        self.lock_and(Vec::pop).unwrap_or_default()
    }

    /// What was written into a piece, to be read by whoever holds a clone; the last one that is dropped brings it back.
    pub(super) fn lend(&self, piece: Vec<u8>) -> Bytes {
        let spare = self.clone();
        Bytes::from_owner(Lent { piece, spare })
    }

    fn bring_back(&self, mut piece: Vec<u8>) {
        piece.clear();
        self.lock_and(|pieces| {
            if pieces.len() < SEALING_THREADS as usize {
                pieces.push(piece);
            }
        });
    }

    fn lock_and<T>(&self, act: impl FnOnce(&mut Vec<Vec<u8>>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct Lent {
    piece: Vec<u8>,
    spare: Spare,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.piece
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.spare.bring_back(mem::take(&mut self.piece));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_comes_back_empty_when_its_last_reader_is_gone() {
        let spare = Spare::default();
        let mut piece = spare.take();
        piece.extend_from_slice(&[7; 100_000]);
        let lent = spare.lend(piece);
        let reader = lent.clone();
        drop(lent);
        assert_eq!(spare.take().capacity(), 0, "somebody still reads it");
        assert_eq!(reader[..], [7; 100_000]);
        drop(reader);
        let again = spare.take();
        assert!(again.is_empty() && again.capacity() >= 100_000);
    }

    #[test]
    fn only_so_many_pieces_are_kept() {
        let spare = Spare::default();
        for _ in 0..5 {
            drop(spare.lend(vec![1; 10]));
        }
        let lent: Vec<Bytes> = (0..5).map(|_| spare.lend(vec![1; 10])).collect();
        drop(lent);
        assert_eq!(spare.lock_and(|pieces| pieces.len()), SEALING_THREADS as usize);
    }
}
