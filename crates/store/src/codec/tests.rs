//! Goal: the bytes of bodies are the published ones, and only they decode.
//! Method: golden bytes; for every kind of command a sample, all its one-byte mutations,
//! truncations and extensions.

use domain::account::AccountId;
use domain::amount::Amount;
use domain::asset::AssetId;
use domain::command::{self, Command, Feed, FeedRole};
use domain::instrument::InstrumentId;
use domain::price::Price;
use domain::quantity::Quantity;
use domain::ratio::{Rate, Ratio};
use domain::rulebook::{
    AssetRules, HaircutTier, InstrumentKind, InstrumentRules, InterestCurve, InterestPoint, Layer,
    Limits, LiquidationRules, MarginModel, OracleRules, RequirementTier, Rulebook, Sections,
    SocialisingRule, WaterfallRules,
};
use domain::time::Duration;
use serde::{Deserialize, Serialize};

use super::*;

fn deposit() -> command::Deposit {
    let (account, asset) = (AccountId::new(7), AssetId::new(2));
    command::Deposit { account, asset, amount: Amount::new(-5) }
}

/// A rulebook with something in every list and every option taken once.
fn rulebook() -> Rulebook {
    let half = Ratio::new(1, 2).expect("a ratio");
    let asset = AssetRules {
        name: "BTC".to_string(),
        decimals: 8,
        price_max: Price::new(9),
        balance_max: Amount::new(8),
        deposit_cap: Amount::new(7),
        haircuts: vec![
            HaircutTier { up_to: Some(Amount::new(6)), haircut: half },
            HaircutTier { up_to: None, haircut: half },
        ],
        liability_weight: half,
        slippage: half,
        interest: InterestCurve {
            points: vec![InterestPoint { utilisation: half, rate: Rate::new(5) }],
            fee_share: half,
        },
        utilisation_max: half,
        debt_initial: half,
        debt_release: half,
    };
    let instrument = InstrumentRules {
        name: "BTC-FUTURE".to_string(),
        kind: InstrumentKind::Future {
            underlying: AssetId::new(0),
            expires_at: Timestamp::from_nanos(4),
            settle_window: Duration::from_nanos(3),
        },
        settles: AssetId::new(0),
        price_decimals: 2,
        lot: Quantity::new(1),
        price_max: Price::new(9),
        position_max: Quantity::new(8),
        tiers: vec![RequirementTier {
            up_to: None,
            initial: half,
            release: half,
            maintenance: half,
        }],
        slippage: half,
        liquidation_fee: half,
        band: half,
        rate_max: Rate::new(7),
    };
    let (step_interval, interest_step) = (Duration::from_nanos(6), Duration::from_nanos(5));
    Rulebook {
        numeraire: AssetId::new(0),
        assets: vec![asset],
        instruments: vec![instrument],
        margin: MarginModel::Weighted,
        oracle: OracleRules { stale_after: Duration::from_nanos(4), last_guard: half },
        liquidation: LiquidationRules { dust: 3, step_interval, interest_step },
        waterfall: WaterfallRules {
            layers: vec![Layer::InsuranceFund, Layer::Socialised(SocialisingRule::DepositIndex)],
            insurance_fund: half,
        },
        limits: Limits {
            accounts_max: 1,
            positions_per_account: 2,
            cascade_waves_max: 3,
            steps_per_event: 4,
            opponents_max: 5,
        },
        sections: Sections::NONE,
    }
}

/// One command of each kind.
fn samples() -> Vec<Command> {
    let account = AccountId::new(7);
    let (asset, instrument) = (AssetId::new(2), InstrumentId::new(3));
    let amount = Amount::new(1_000_000_007);
    let price = Price::new(65_000);
    vec![
        command::Genesis { semantics: 1, seal_interval: 4_096, rulebook: rulebook() }.into(),
        command::SetRulebook { rulebook: rulebook() }.into(),
        command::OpenAccount { account }.into(),
        deposit().into(),
        command::Withdraw { account, asset, amount }.into(),
        command::TransferAsset { from: account, to: AccountId::new(8), asset, amount }.into(),
        command::PayInCapital { asset, amount }.into(),
        command::RegisterTrade {
            buyer: account,
            seller: AccountId::new(8),
            instrument,
            quantity: Quantity::new(12),
            price,
            buyer_fee: Amount::new(3),
            seller_fee: Amount::new(4),
        }
        .into(),
        command::PublishPrice {
            feed: Feed { role: FeedRole::Mark, target: 3 },
            source: 1,
            price,
            confidence: Price::new(2),
            published_at: Timestamp::from_nanos(-9),
        }
        .into(),
        command::PublishFunding { instrument, rate: Rate::new(-7) }.into(),
        command::Pulse {}.into(),
        command::HaltInstrument { instrument }.into(),
        command::ResumeInstrument { instrument }.into(),
        command::PublishDepth {
            instrument,
            venue: 1,
            source: 2,
            depth: domain::Quote::new(5),
            half_spread: Ratio::new(1, 3).expect("a ratio"),
            published_at: Timestamp::from_nanos(7),
        }
        .into(),
        command::PublishPriceWithBaseline {
            price: command::PublishPrice {
                feed: Feed { role: FeedRole::Mark, target: 3 },
                source: 1,
                price,
                confidence: Price::new(2),
                published_at: Timestamp::from_nanos(-9),
            },
            baseline: vec![command::BaselineImpact {
                instrument,
                wave: 2,
                permanent: 1,
                transient: -1,
                gap: 0,
                since: Timestamp::from_nanos(3),
            }],
        }
        .into(),
    ]
}

fn bytes_of(command: &Command) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_into(command, &mut bytes).expect("encodes");
    assert_eq!(bytes.len(), body_bytes(command).expect("measures"));
    bytes
}

#[test]
fn golden_bytes_of_a_deposit_and_of_a_mixed_struct() {
    let mut golden = vec![7, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0xfb];
    golden.extend_from_slice(&[0xff; 15]);
    assert_eq!(bytes_of(&deposit().into()), golden);

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Mixed {
        option: Option<u16>,
        list: Vec<u16>,
        text: String,
        flag: bool,
    }
    let mixed = Mixed { option: Some(9), list: vec![1, 2], text: "ab".to_string(), flag: true };
    let golden: &[u8] =
        &[1, 9, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 2, 0, 0, 0, 0, 0, 0, 0, b'a', b'b', 1];
    assert_eq!(to_bytes(&mixed).expect("encodes"), golden);
    assert_eq!(decode_exact::<Mixed>(golden).expect("decodes"), mixed);
}

#[test]
fn the_numbers_here_are_the_numbers_of_the_domain() {
    let domain: Vec<u16> = Command::KINDS.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(KINDS, domain);
    let sampled: Vec<u16> = samples().iter().map(Command::kind).collect();
    assert_eq!(sampled, KINDS, "a sample of each kind");
    for command in samples() {
        let decoded = decode(command.kind(), 1, &bytes_of(&command)).expect("decodes");
        assert_eq!(decoded, command);
    }
}

#[test]
fn whatever_decodes_encodes_to_the_same_bytes() {
    let mut decoded = 0;
    for command in samples() {
        let bytes = bytes_of(&command);
        for at in 0..bytes.len() {
            for value in 0..=255 {
                let mut mutated = bytes.clone();
                mutated[at] = value;
                if let Ok(other) = decode(command.kind(), 1, &mutated) {
                    assert_eq!(bytes_of(&other), mutated);
                    decoded += 1;
                }
            }
        }
        for length in 0..bytes.len() {
            assert!(decode(command.kind(), 1, &bytes[..length]).is_err(), "{command:?} {length}");
        }
        let longer = [&bytes[..], &[0]].concat();
        let refused = decode(command.kind(), 1, &longer).expect_err("trailing byte");
        assert_eq!(refused.category(), Category::Corrupt);
    }
    assert!(decoded > 10_000, "only {decoded} mutations decoded");
}

#[test]
fn unknown_types_and_schemas_are_unsupported() {
    let next = KINDS.last().expect("kinds") + 1;
    for (kind, schema) in [(0, 1), (next, 1), (0x7fff, 1), (4, 0), (4, 2), (4, 0xffff)] {
        let bytes = bytes_of(&deposit().into());
        let refused = decode(kind, schema, &bytes).expect_err("unknown");
        assert_eq!(refused.category(), Category::Unsupported, "{kind} {schema}");
    }
}

#[test]
fn a_length_that_lies_is_refused_without_allocating_for_it() {
    let mut bytes = u64::MAX.to_le_bytes().to_vec();
    bytes.extend_from_slice(&[0; 32]);
    assert!(decode_exact::<Vec<u8>>(&bytes).is_err());
    let long = vec![0u8; BODY_BYTES_MAX];
    assert!(to_bytes(&long).is_err(), "1 MiB and its length exceed 1 MiB");
}

#[test]
fn a_map_with_its_keys_out_of_order_is_refused_by_encoding_it_again() {
    // bincode itself takes such bytes and gives a map that encodes to others.
    use std::collections::BTreeMap;
    let map = |keys: &[u8]| {
        let mut bytes = (keys.len() as u64).to_le_bytes().to_vec();
        keys.iter().for_each(|key| bytes.extend_from_slice(&[*key, 1]));
        decode_exact::<BTreeMap<u8, u8>>(&bytes)
    };
    assert_eq!(map(&[3, 5]).expect("in order"), BTreeMap::from([(3, 1), (5, 1)]));
    for keys in [[5, 5], [5, 3]] {
        assert!(map(&keys).is_err(), "{keys:?}");
    }
}
