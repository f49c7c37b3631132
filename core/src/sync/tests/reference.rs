//! Reference sets in the machine: what comes, what goes, and servers that do
//! not keep their word.

use super::{World, code_of, refusal};

impl World {
    fn publish(&mut self, sets: &[(&str, &str)]) {
        self.server.reference = sets
            .iter()
            .map(|(name, body)| ((*name).to_owned(), (*body).to_owned()))
            .collect();
    }

    fn round_trips(&mut self) -> u64 {
        self.sync().unwrap().round_trips
    }
}

#[test]
fn sets_come_change_and_go_and_cost_nothing_while_they_stay() {
    let mut world = World::synced();
    world.publish(&[("a", "1"), ("b", "1")]);
    assert_eq!(world.round_trips(), 1, "a phone without any gets all");
    assert_eq!(world.store.reference(), ["a: 1", "b: 1"]);
    assert_eq!(world.round_trips(), 1);
    let (up, _) = world.last_sizes;
    world.publish(&[("b", "2"), ("c", "1")]);
    assert_eq!(world.round_trips(), 2, "the list, then what differs");
    assert_eq!(world.store.reference(), ["b: 2", "c: 1"]);
    world.publish(&[]);
    assert_eq!(world.round_trips(), 1);
    assert!(world.store.reference().is_empty());
    assert_eq!(world.round_trips(), 1);
    let (empty_up, _) = world.last_sizes;
    assert!(up - empty_up <= 10, "{up} and {empty_up} bytes");
}

#[test]
fn a_roster_comes_once_and_again_when_it_changed() {
    let mut world = World::synced();
    assert_eq!(world.round_trips(), 1);
    let (without, _) = world.last_sizes;
    assert!(world.store.roster().is_none(), "an older server has none");
    let roster = |name: &str| wangge_model::protocol::Roster {
        places: vec![wangge_model::protocol::RosterPlace {
            node: wangge_model::OrgNodeId::from_bytes([1; 16]),
            level: "grid".to_owned(),
            name: name.to_owned(),
            people: Vec::new(),
        }],
        card: None,
    };
    for name in ["第一网格", "第二网格"] {
        world.server.roster = Some(roster(name));
        assert_eq!(world.round_trips(), 1, "with the answer");
        assert_eq!(world.store.roster(), world.server.roster);
    }
    world.server.tamper = Some(Box::new(|answer| assert!(answer.roster.is_none())));
    assert_eq!(world.round_trips(), 1);
    let (with, _) = world.last_sizes;
    assert!(with - without <= 10, "{with} and {without} bytes");
}

#[test]
fn whoever_is_shut_out_keeps_no_roster() {
    use wangge_model::protocol::{ProblemCode, Roster};

    for code in [ProblemCode::PersonInactive, ProblemCode::DeviceRevoked] {
        let mut world = World::synced();
        world.server.roster = Some(Roster::default());
        world.sync().unwrap();
        assert!(world.store.roster().is_some());
        world.server.refuse.push_back(refusal(code));
        world.sync().unwrap_err();
        assert!(world.store.roster().is_none(), "{code:?}");
        // Let in again, it comes with the next sync.
        world.sync().unwrap();
        assert!(world.store.roster().is_some());
    }
}

#[test]
fn answers_to_a_roll_call_go_along_until_they_are_decided_on() {
    use wangge_model::{EmergencyId, RequestId, Timestamp, protocol::RollAnswer};

    let answer = |id: u8, reason: &str| RollAnswer {
        id: RequestId::from_bytes([id; 16]),
        emergency: EmergencyId::from_bytes([9; 16]),
        state: "in_place".to_owned(),
        reason: reason.to_owned(),
        given_at: Timestamp::from_millis(1),
    };
    let mut world = World::synced();
    world.server.knows_roll_calls = false;
    world.store.answer_roll_call(answer(1, ""));
    world.store.answer_roll_call(answer(2, "over"));
    assert_eq!(world.round_trips(), 1);
    assert_eq!(world.store.roll_codes(), [None, None], "an older server");
    world.server.knows_roll_calls = true;
    // Sent again after a lost answer.
    world.faults.push_back(super::Fault::AnswerLost);
    world.sync().unwrap();
    let codes = ["", "over"].map(|code| Some(code.to_owned()));
    assert_eq!(world.store.roll_codes(), codes);
    world.server.tamper = Some(Box::new(|answer| assert!(answer.roll_outcomes.is_none())));
    world.sync().unwrap();
}

#[test]
fn more_than_one_answer_holds_come_in_turn() {
    let mut world = World::synced();
    world.server.reference_sets = 2;
    world.publish(&[("a", "1"), ("b", "1"), ("c", "1"), ("d", "1"), ("e", "1")]);
    assert_eq!(world.round_trips(), 3);
    assert_eq!(world.store.reference().len(), 5);
    assert_eq!(world.round_trips(), 1);
}

#[test]
fn a_lost_answer_costs_a_repetition() {
    let mut world = World::synced();
    world.publish(&[("a", "1")]);
    world.faults.push_back(super::Fault::AnswerLost);
    world.sync().unwrap();
    assert_eq!(world.store.reference(), ["a: 1"]);
}

#[test]
fn a_server_that_lists_what_it_does_not_give_does_not_keep_the_phone_busy() {
    let mut world = World::synced();
    world.publish(&[("a", "1"), ("b", "1")]);
    world.server.reference_sets = 0;
    let round_trips = world.round_trips();
    assert!(round_trips <= 3, "{round_trips}");
    // Once it gives, the next sync has it.
    world.server.reference_sets = 100;
    world.sync().unwrap();
    assert_eq!(world.store.reference().len(), 2);
}

#[test]
fn an_older_set_of_a_restored_server_takes_the_newer_ones_place() {
    let mut world = World::synced();
    world.publish(&[("a", "1")]);
    world.sync().unwrap();
    world.publish(&[("a", "2"), ("b", "1")]);
    world.sync().unwrap();
    // Restored from before: another life, and the sets of that day.
    world.publish(&[("a", "1")]);
    world.server.epoch = wangge_model::ServerEpoch::from_bytes([0x55; 16]);
    world.sync().unwrap();
    assert_eq!(world.store.reference(), ["a: 1"]);
    assert_eq!(world.round_trips(), 1);
}

#[test]
fn a_set_that_is_not_the_servers_is_not_taken() {
    type Tamper = fn(&mut wangge_model::protocol::SyncResponse);
    let cases: [(&str, &str, Tamper); 4] = [
        ("another content", "bad_answer", |answer| {
            if let Some(news) = &mut answer.reference {
                news.sets[0].body = b"3".to_vec();
            }
        }),
        (
            "another content that is listed",
            "feed_signature",
            |answer| {
                if let Some(news) = &mut answer.reference {
                    news.sets[0].body = b"3".to_vec();
                    news.stamps = vec![news.sets[0].stamp()];
                }
            },
        ),
        ("a set that is not listed", "bad_answer", |answer| {
            if let Some(news) = &mut answer.reference {
                news.stamps.clear();
            }
        }),
        ("a name that is none", "bad_answer", |answer| {
            if let Some(news) = &mut answer.reference {
                news.stamps[0].name = "../a".to_owned();
            }
        }),
    ];
    for (name, code, tamper) in cases {
        let mut world = World::synced();
        world.publish(&[("a", "1")]);
        world.server.tamper = Some(Box::new(tamper));
        assert_eq!(code_of(&world.sync().unwrap_err()), code, "{name}");
        assert!(world.store.reference().is_empty(), "{name}");
        world.server.tamper = None;
        world.sync().unwrap();
        assert_eq!(world.store.reference(), ["a: 1"], "{name}");
    }
}
