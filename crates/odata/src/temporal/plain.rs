//! Dates and times in the form that most databases keep, eight characters at a time: rows are full of them.

use super::days_in_month;

const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Eight characters: a zero stands for any digit, all else for itself.
struct Form {
    text: u64,
    /// By character: what its difference from `text` can be increased by until its highest bit is set.
    room: u64,
}

const DATE_START: Form = Form::of(b"0000-00-");
const DATE_END: Form = Form::of(b"00-00-00");
const TIME: Form = Form::of(b"00:00:00");

impl Form {
    const fn of(text: &[u8; 8]) -> Form {
        let mut room = [0x7f; 8];
        let mut place = 0;
        while place < 8 {
            if text[place] == b'0' {
                room[place] -= 9;
            }
            place += 1;
        }
        Form { text: u64::from_le_bytes(*text), room: u64::from_le_bytes(room) }
    }

    /// What the digits stand for, each at its place, where text has this form.
    #[inline]
    fn digits(&self, text: &[u8; 8]) -> Option<[u8; 8]> {
        // Digits are those characters that differ from a zero in their lowest bits only, by nine at most.
        let difference = u64::from_le_bytes(*text) ^ self.text;
        let beyond = (difference | difference.wrapping_add(self.room)) & HIGHS;
        (beyond == 0).then(|| difference.to_le_bytes())
    }
}

fn number(tens: u8, ones: u8) -> u32 {
    u32::from(tens) * 10 + u32::from(ones)
}

/// Whether `YYYY-MM-DD` is a day that exists.
#[inline]
pub(super) fn is_date(text: &[u8; 10]) -> bool {
    let [start @ .., _, _] = text;
    let [_, _, end @ ..] = text;
    let (Some(start), Some(end)) = (DATE_START.digits(start), DATE_END.digits(end)) else {
        return false;
    };
    let (month, day) = (number(end[3], end[4]), number(end[6], end[7]));
    // Every month has the first four weeks, so that years are seldom asked.
    let exists = |day| {
        let year = number(start[0], start[1]) * 100 + number(start[2], start[3]);
        day <= days_in_month(year as i32, month)
    };
    (1..=12).contains(&month) && day >= 1 && (day <= 28 || exists(day))
}

/// Whether `hh:mm:ss` is a time of day.
#[inline]
pub(super) fn is_time(text: &[u8; 8]) -> bool {
    TIME.digits(text)
        .is_some_and(|digits| number(digits[0], digits[1]) < 24 && digits[3] < 6 && digits[6] < 6)
}
