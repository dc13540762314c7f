use super::*;

/// Shows check 14.
#[test]
fn untrusted_text_becomes_plain() {
    let long = "é".repeat(1_000);
    for (text, plain) in [
        ("Bob Gale", "Bob Gale"),
        ("  Bob\r\n\tGale  ", "BobGale"),
        ("Bob\u{0}\u{1b}[31mGale", "Bob[31mGale"),
        ("Bob\u{202e}ela\u{61c}G\u{2066}\u{feff}\u{200b}", "BobelaG"),
        ("Zoë Müller 李", "Zoë Müller 李"),
        ("<b>Bob</b>", "<b>Bob</b>"),
        ("", ""),
        (&long, &"é".repeat(200)),
    ] {
        assert_eq!(plain_text(text), plain, "{text:?}");
    }
}

/// Shows check 14.
#[test]
fn joiner_with_a_visible_effect_is_kept() {
    for name in [
        // Persian: a final letter within a word.
        "علی\u{200c}رضا",
        "محمد\u{200c}رضا",
        "می\u{200c}خواهم",
        // Sinhala, Devanagari, Bengali: conjuncts.
        "ශ්\u{200d}රී ලංකා",
        "क्\u{200d}ष",
        "क्\u{200c}ष",
        "র\u{200d}্যাব",
        // Malayalam: a chillu at the end of a word, as it was written before Unicode 5.1.
        "രാജന്\u{200d}",
        "അവന്\u{200d} രാമന്\u{200d}",
        // Arabic with a vowel mark before the joiner.
        "بِ\u{200c}ب",
        // Families, couples, professions, skin tones, flags.
        "👩\u{200d}👩\u{200d}👧",
        "👩🏽\u{200d}🚀",
        "❤\u{fe0f}\u{200d}🔥",
        "🏳\u{fe0f}\u{200d}🌈",
        "👨🏿\u{200d}❤\u{fe0f}\u{200d}💋\u{200d}👨🏻",
        "🇬🇧",
        "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
        "1\u{fe0f}\u{20e3}",
        // A variant ideograph of a surname, a variant of a Mongolian letter.
        "葛\u{e0100}城",
        "ᠠ\u{180b}",
        "Zoë Müller 李",
        "Nguyễn Thị Ánh",
    ] {
        assert_eq!(plain_text(name), name, "{name:?}");
    }
}

/// Shows check 14.
#[test]
fn joiner_without_effect_is_removed() {
    for (text, plain) in [
        ("B\u{200c}o\u{200d}b", "Bob"),
        ("\u{200c}علی\u{200d}", "علی"),
        ("علی\u{200c} رضا", "علی رضا"),
        ("علی\u{200c}\u{200c}رضا", "علی\u{200c}رضا"),
        ("Б\u{200d}об", "Боб"),
        ("李\u{200d}四", "李四"),
        ("👩\u{200d}", "👩"),
        ("👩\u{200d}Bob", "👩Bob"),
        ("\u{200d}👩", "👩"),
        ("B\u{fe0f}\u{fe0f}ob", "B\u{fe0f}ob"),
        ("\u{fe0f}Bob", "Bob"),
        ("🏴\u{e0067}\u{e0062}", "🏴"),
        ("Bob\u{e0067}\u{e0062}\u{e0073}\u{e007f}", "Bob"),
        ("🏴Bob\u{e007f}", "🏴Bob"),
    ] {
        assert_eq!(plain_text(text), plain, "{text:?}");
    }
}

/// Shows check 14.
#[test]
fn invisible_and_reordering_characters_are_removed() {
    for hidden in [
        '\u{0}',
        '\u{1b}',
        '\u{7f}',
        '\u{85}',
        '\u{ad}',
        '\u{34f}',
        '\u{61c}',
        '\u{115f}',
        '\u{1160}',
        '\u{17b4}',
        '\u{180e}',
        '\u{200b}',
        '\u{200e}',
        '\u{200f}',
        '\u{2028}',
        '\u{2029}',
        '\u{202a}',
        '\u{202b}',
        '\u{202c}',
        '\u{202d}',
        '\u{202e}',
        '\u{2060}',
        '\u{2064}',
        '\u{2066}',
        '\u{2067}',
        '\u{2068}',
        '\u{2069}',
        '\u{206f}',
        '\u{3164}',
        '\u{feff}',
        '\u{ffa0}',
        '\u{fff9}',
        '\u{fffb}',
        '\u{fffc}',
        '\u{1d159}',
        '\u{1d173}',
        '\u{e0001}',
        '\u{e0041}',
    ] {
        assert_eq!(plain_text(&format!("B{hidden}ob")), "Bob", "{hidden:?}");
        assert_eq!(plain_text(&format!("ع{hidden}لی")), "علی", "{hidden:?}");
        // By itself it is not visible.
        assert_eq!(plain_text(&hidden.to_string().repeat(3)), "", "{hidden:?}");
    }
}

#[test]
fn text_with_nothing_visible_is_empty() {
    for text in [
        "\u{2800}\u{2800}",
        "\u{3000}\u{a0}\u{2003}",
        "\u{200d}\u{200c}\u{fe0f}",
        "\u{e0067}\u{e0062}\u{e007f}",
        "\u{3164}",
        "\u{301}\u{302}",
        "",
    ] {
        assert_eq!(plain_text(text), "", "{text:?}");
    }
    assert_eq!(plain_text("Bob\u{2800}Gale"), "Bob Gale");
}

#[test]
fn long_text_is_cut_between_grapheme_clusters() {
    let family = "👩\u{200d}👩\u{200d}👧";
    let shown = plain_text(&family.repeat(100));
    assert_eq!(shown, family.repeat(40));
    assert_eq!(
        plain_text(&format!("a{}", family.repeat(100))),
        format!("a{}", family.repeat(39))
    );
    assert_eq!(plain_text(&"e\u{301}".repeat(500)), "e\u{301}".repeat(100));
    assert_eq!(
        plain_text(&format!("a{}", "e\u{301}".repeat(500))),
        format!("a{}", "e\u{301}".repeat(99))
    );
    // One endless cluster is cut, without a joiner at its end.
    let endless = plain_text(&"👩\u{200d}".repeat(500));
    assert!(
        endless.ends_with('👩') && endless.chars().count() == 199,
        "{endless:?}"
    );
    // A letter with a tower of marks keeps some of them.
    let tower = plain_text(&format!("Z{}oe", "\u{301}".repeat(500)));
    assert_eq!(tower, format!("Z{}oe", "\u{301}".repeat(8)));
}

#[test]
fn plain_text_is_idempotent() {
    for text in [
        "علی\u{200c}رضا",
        "👩\u{200d}👩\u{200d}👧 Bob ",
        "a\u{200d}\u{fe0f}b",
        "🏴\u{e0067}x\u{e007f}",
    ] {
        let once = plain_text(text);
        assert_eq!(plain_text(&once), once, "{text:?}");
    }
}

#[test]
fn huge_run_of_joiners_or_tags_is_bounded_work() {
    for run in ["\u{200d}", "\u{e0061}"] {
        let text = format!("Bob{}", run.repeat(1 << 20));
        assert_eq!(plain_text(&text), "Bob", "{run:?}");
    }
}
