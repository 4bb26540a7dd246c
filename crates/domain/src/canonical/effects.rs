//! Canonical bytes of effects, the ordinary ones by hand.
//!
//! Every effect of every event is chained into a digest, so the machine writes these bytes as often
//! as it does anything. A trade, a posting, a price, a deposit or a withdrawal has few fields of
//! fixed width: they are written as whole words. Any other effect goes through [`append`]. Law: the
//! bytes are those that [`append`] writes, a test over every kind.

use super::{append, words};
use crate::account::{AccountId, Holder};
use crate::amount::Amount;
use crate::asset::AssetId;
use crate::effect::Effect;
use crate::instrument::InstrumentId;
use alloc::vec::Vec;

/// Places of variants in [`Effect`], and of a client in [`Holder`].
const DEPOSITED: u32 = 3;
const WITHDRAWN: u32 = 4;
const NOVATED: u32 = 7;
const FEE_CHARGED: u32 = 8;
const PNL_REALISED: u32 = 9;
const FUNDING_POSTED: u32 = 10;
const INTEREST_POSTED: u32 = 11;
const PRICE_PUBLISHED: u32 = 13;
const CLIENT: u32 = 0;

/// Adds the canonical bytes of a sequence of effects to a buffer.
///
/// Worked: two effects begin with `02 00 00 00 00 00 00 00`.
pub fn append_effects(bytes: &mut Vec<u8>, effects: &[Effect]) {
    bytes.extend_from_slice(&(effects.len() as u64).to_le_bytes());
    for effect in effects {
        append_effect(bytes, effect);
    }
}

#[inline]
fn append_effect(bytes: &mut Vec<u8>, effect: &Effect) {
    match *effect {
        Effect::Novated { instrument, buyer, seller, quantity, price } => {
            let sides = [buyer.number(), seller.number()];
            let terms = [quantity.units() as u64, price.units() as u64];
            let head = pair(NOVATED, instrument.number());
            bytes
                .extend_from_slice(&words::<5, 40>([head, sides[0], sides[1], terms[0], terms[1]]));
        }
        Effect::PnlRealised { holder: Holder::Client(account), instrument, amount } => {
            bytes.extend_from_slice(&posting(PNL_REALISED, account, instrument, amount));
        }
        Effect::FundingPosted { holder: Holder::Client(account), instrument, amount } => {
            bytes.extend_from_slice(&posting(FUNDING_POSTED, account, instrument, amount));
        }
        Effect::Deposited { account, asset, amount } => {
            bytes.extend_from_slice(&movement(DEPOSITED, account, asset, amount));
        }
        Effect::Withdrawn { account, asset, amount } => {
            bytes.extend_from_slice(&movement(WITHDRAWN, account, asset, amount));
        }
        Effect::FeeCharged { account, asset, amount } => {
            bytes.extend_from_slice(&movement(FEE_CHARGED, account, asset, amount));
        }
        Effect::InterestPosted { account, asset, amount } => {
            bytes.extend_from_slice(&movement(INTEREST_POSTED, account, asset, amount));
        }
        Effect::PricePublished { feed, price } => {
            bytes.extend_from_slice(&PRICE_PUBLISHED.to_le_bytes());
            bytes.push(u8::from(feed.role));
            bytes.extend_from_slice(&feed.target.to_le_bytes());
            bytes.extend_from_slice(&price.units().to_le_bytes());
        }
        _ => append(bytes, effect),
    }
}

const fn pair(low: u32, high: u32) -> u64 {
    low as u64 | (high as u64) << 32
}

/// Variant, account, asset, amount: 4, 8, 4 and 16 bytes.
#[inline]
fn movement(variant: u32, account: AccountId, asset: AssetId, amount: Amount) -> [u8; 32] {
    let (number, units) = (account.number(), amount.units());
    let head = pair(variant, number as u32);
    let middle = pair((number >> 32) as u32, asset.number());
    words([head, middle, units as u64, (units >> 64) as u64])
}

/// Variant, client, account, instrument, amount: 4, 4, 8, 4 and 16 bytes.
#[inline]
fn posting(variant: u32, account: AccountId, instrument: InstrumentId, amount: Amount) -> [u8; 36] {
    let units = amount.units();
    let head = pair(variant, CLIENT);
    let middle = pair(instrument.number(), units as u32);
    let tail = (units >> 96) as u32;
    let mut bytes = [0; 36];
    let (start, end) = bytes.split_at_mut(32);
    start.copy_from_slice(&words::<4, 32>([head, account.number(), middle, (units >> 32) as u64]));
    end.copy_from_slice(&tail.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Feed, FeedRole};
    use crate::{HouseAccount, Price, Quantity, Refusal};

    fn check(effects: &[Effect]) {
        let mut expected = Vec::new();
        append(&mut expected, effects);
        let mut bytes = Vec::new();
        append_effects(&mut bytes, effects);
        assert_eq!(bytes, expected, "{effects:?}");
    }

    /// Goal: by hand and by type give the same bytes. Method: numbers with another byte in every
    /// place and of both signs, each kind written by hand, and others beside them.
    #[test]
    fn by_hand_as_by_type() {
        let account = AccountId::new(0x0102_0304_0506_0708);
        let (asset, instrument) = (AssetId::new(0x1112_1314), InstrumentId::new(0x2122_2324));
        let price = Price::new(-0x3132_3334_3536_3738);
        let feeds =
            [Feed::index(asset), Feed::mark(instrument), Feed { role: FeedRole::Last, target: 9 }];
        for units in [0x4142_4344_4546_4748_494a_4b4c_4d4e_4f50, -7, 0, i128::MIN, i128::MAX] {
            let amount = Amount::new(units);
            let quantity = Quantity::new(units as i64);
            let mut effects = alloc::vec![
                Effect::Novated {
                    instrument,
                    buyer: account,
                    seller: AccountId::new(5),
                    quantity,
                    price
                },
                Effect::Deposited { account, asset, amount },
                Effect::Withdrawn { account, asset, amount },
                Effect::FeeCharged { account, asset, amount },
                Effect::InterestPosted { account, asset, amount },
                Effect::Refused { refusal: Refusal::AccountUnknown },
                Effect::AccountOpened { account },
                Effect::CapitalPaidIn { asset, amount },
            ];
            for holder in [Holder::Client(account), Holder::House(HouseAccount::Liquidity)] {
                effects.push(Effect::PnlRealised { holder, instrument, amount });
                effects.push(Effect::FundingPosted { holder, instrument, amount });
            }
            effects.extend(feeds.map(|feed| Effect::PricePublished { feed, price }));
            for effect in &effects {
                check(core::slice::from_ref(effect));
            }
            check(&effects);
        }
        check(&[]);
    }
}
