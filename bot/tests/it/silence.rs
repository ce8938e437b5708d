//! A silent agent: who hears of it, in which words, and how often.

use bot::{
    keeper::silence::{Word, tell},
    outbox::Outgoing,
    shop::customer::{CustomerId, Language},
};

use super::world::{Sent, World};

fn words(sent: &Sent) -> String {
    match &sent.outgoing {
        Outgoing::Text(screen) => screen.words.text.clone(),
        other => panic!("{other:?} is no message"),
    }
}

#[test]
fn each_owner_hears_once_of_a_silence_and_once_of_its_end_and_nobody_else_does() {
    let mut world = World::new();
    world.shop.owners.push(CustomerId(1002));
    let say = |world: &World, word| tell(&world.conn, &world.shop, word, world.now).unwrap();
    assert!(!say(&world, Word::Back), "there was no silence");
    assert!(say(&world, Word::Silent));
    assert!(!say(&world, Word::Silent), "a restart says nothing twice");
    let told = world.drain();
    assert_eq!(
        told.iter().map(|sent| sent.chat).collect::<Vec<_>>(),
        [1001, 1002]
    );
    assert!(words(&told[0]).contains("3 menit diam"), "{}", words(&told[0]));
    assert!(say(&world, Word::Back) && !say(&world, Word::Back));
    let told = world.drain();
    assert_eq!(told.len(), 2);
    assert!(words(&told[1]).contains("sudah kembali"));
    assert!(say(&world, Word::Silent), "the next silence is another one");
}

#[test]
fn an_english_shop_says_it_in_english_and_in_one_sentence() {
    let mut world = World::new();
    world.shop.language = Language::English;
    tell(&world.conn, &world.shop, Word::Silent, world.now).unwrap();
    let told = words(&world.drain()[0]);
    assert!(
        told.contains("silent for 3 minutes") && !told.contains(". "),
        "{told}"
    );
}
