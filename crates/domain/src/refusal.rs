//! Each reason to say no, named as the broken rule, in order of precedence.
//!
//! A command that breaks several rules is refused for the first of this list. A refusal changes
//! only the cursor and the producer table.

use serde::{Deserialize, Serialize};

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident $word:literal),* $(,)?) => {
        /// The broken rule.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        pub enum Refusal { $($(#[$doc])* $name,)* }

        impl Refusal {
            /// Every refusal, in order of precedence.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its word in effects, logs and tables.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

refusals! {
    /// The producer's count is not above the last one applied: a resend.
    ProducerDuplicate "producer_duplicate",
    /// The producer's count skips numbers: something was lost on the way.
    ProducerGap "producer_gap",
    /// Nothing is possible before genesis.
    GenesisMissing "genesis_missing",
    /// Genesis happens once.
    GenesisRepeated "genesis_repeated",
    /// This machine does not implement the semantics asked for.
    SemanticsUnsupported "semantics_unsupported",
    /// A seal interval is 1 to 16,777,216 events.
    SealIntervalInvalid "seal_interval_invalid",
    /// The rulebook contradicts itself or cannot be proved to stay in bounds.
    RulebookInvalid "rulebook_invalid",
    /// Numeraire, decimals, units, kinds and settlement assets cannot change once listed.
    RulebookImmutable "rulebook_immutable",
    /// Only the clearing house sends pulses.
    PulseForeign "pulse_foreign",
    /// Accounts are opened in order, without gaps.
    AccountNotNext "account_not_next",
    /// The rulebook's number of accounts is reached.
    AccountsMaxExceeded "accounts_max_exceeded",
    /// No such account was opened.
    AccountUnknown "account_unknown",
    /// Both sides are the same account.
    AccountRepeated "account_repeated",
    /// The rulebook lists no such asset.
    AssetUnknown "asset_unknown",
    /// The rulebook lists no such instrument.
    InstrumentUnknown "instrument_unknown",
    /// The command does not fit this kind of instrument.
    InstrumentKindUnfit "instrument_kind_unfit",
    /// An amount to move is above zero.
    AmountNotPositive "amount_not_positive",
    /// A quantity to trade is above zero.
    QuantityNotPositive "quantity_not_positive",
    /// A quantity is whole lots.
    QuantityNotInLots "quantity_not_in_lots",
    /// A price is above zero.
    PriceNotPositive "price_not_positive",
    /// A price is at most the rulebook's maximum.
    PriceMaxExceeded "price_max_exceeded",
    /// The numeraire is worth one of itself and has no index price.
    PriceOfNumeraire "price_of_numeraire",
    /// A confidence is not negative.
    ConfidenceNegative "confidence_negative",
    /// An observation is not from the future.
    PublishedInFuture "published_in_future",
    /// A stream of prices does not run backwards.
    PublishedBackwards "published_backwards",
    /// A fee is not negative.
    FeeNegative "fee_negative",
    /// A fee is at most the traded quote.
    FeeExceedsQuote "fee_exceeds_quote",
    /// A funding rate is at most the rulebook's maximum, either way.
    RateMaxExceeded "rate_max_exceeded",
    /// The instrument has expired.
    InstrumentExpired "instrument_expired",
    /// The instrument is halted.
    InstrumentHalted "instrument_halted",
    /// The instrument is not halted.
    InstrumentNotHalted "instrument_not_halted",
    /// A price the check needs was never published.
    PriceMissing "price_missing",
    /// A price the check needs is older than the rulebook allows.
    PriceStale "price_stale",
    /// All deposits of the asset together would exceed its cap.
    DepositCapExceeded "deposit_cap_exceeded",
    /// The account's balance would exceed its maximum.
    BalanceMaxExceeded "balance_max_exceeded",
    /// The account's position would exceed its maximum.
    PositionMaxExceeded "position_max_exceeded",
    /// The account would hold more positions than the rulebook allows.
    PositionsPerAccountExceeded "positions_per_account_exceeded",
    /// The account is being liquidated: only deposits and trades that reduce risk pass.
    AccountLiquidating "account_liquidating",
    /// Below initial margin a trade stays within the band around the mark.
    PriceOutsideBand "price_outside_band",
    /// Below initial margin a trade may not raise the shortfall.
    ShortfallRises "shortfall_rises",
    /// Below initial margin a trade may not leave negative equity.
    EquityNegative "equity_negative",
    /// Adjusted equity would fall below initial margin.
    CollateralInsufficient "collateral_insufficient",
    /// Too little of the asset would be left to lend.
    UtilisationMaxExceeded "utilisation_max_exceeded",
    /// A depth is of a listed venue, above zero, its half spread at most .25.
    DepthUnfit "depth_unfit",
    /// A baseline is of instruments with depth, wave by wave, and not from the future.
    BaselineUnfit "baseline_unfit",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precedence_is_the_order_of_the_list() {
        assert!(Refusal::ALL.windows(2).all(|pair| pair.first() < pair.last()));
        assert!(Refusal::ProducerDuplicate < Refusal::UtilisationMaxExceeded);
    }
}
