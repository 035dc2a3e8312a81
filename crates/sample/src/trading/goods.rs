//! Word lists of what the company trades in: a tree of categories with their products.

/// A category; its children are categories, or it has products itself.
pub(super) struct Category {
    pub(super) name: &'static str,
    pub(super) description: Option<&'static str>,
    pub(super) children: &'static [Category],
    pub(super) products: &'static [Product],
    /// The sizes each product is sold in, with the weight in grams.
    pub(super) sizes: &'static [(&'static str, i64)],
    /// Lowest and highest price of the smallest size, in cents.
    pub(super) price: (i64, i64),
}

/// A product, with its name where it comes from, and the code of that country.
pub(super) struct Product(pub(super) &'static str, pub(super) Option<&'static str>, pub(super) &'static str);

const fn group(name: &'static str, description: &'static str, children: &'static [Category]) -> Category {
    Category { name, description: Some(description), children, products: &[], sizes: &[], price: (0, 0) }
}

const fn leaf(
    name: &'static str,
    sizes: &'static [(&'static str, i64)],
    price: (i64, i64),
    products: &'static [Product],
) -> Category {
    Category { name, description: None, children: &[], products, sizes, price }
}

const BAGS: &[(&str, i64)] = &[("250 g", 260), ("1 kg", 1_030)];
const TINS: &[(&str, i64)] = &[("100 g", 180), ("250 g", 370), ("500 g", 650)];
const JARS: &[(&str, i64)] = &[("50 g", 130), ("450 g", 720)];
const BOTTLES: &[(&str, i64)] = &[("0.5 l", 910), ("1 l", 1_650)];
const PIECES: &[(&str, i64)] = &[("1 piece", 340), ("Box of 6", 2_200)];

/// The tree of categories.
pub(super) const CATEGORIES: &[Category] = &[
    group(
        "Drinks",
        "Coffee, tea and what goes with it",
        &[
            leaf(
                "Coffee",
                BAGS,
                (690, 1_490),
                &[
                    Product("Highland coffee", Some("Cà phê cao nguyên"), "VN"),
                    Product("Sweet Santos beans", Some("Grãos de Santos"), "BR"),
                    Product("Dark breakfast roast", Some("Mörkrost"), "SE"),
                    Product("Mocha for the pot", Some("Türk kahvesi"), "TR"),
                    Product("Vienna blend, decaffeinated", None, "DE"),
                ],
            ),
            leaf(
                "Tea",
                TINS,
                (450, 2_990),
                &[
                    Product("Matcha, first harvest", Some("抹茶"), "JP"),
                    Product("Roasted green tea", Some("ほうじ茶"), "JP"),
                    Product("Jasmine pearls", Some("茉莉龙珠"), "CN"),
                    Product("Smoked black tea", Some("正山小种"), "CN"),
                    Product("Masala chai", Some("मसाला चाय"), "IN"),
                    Product("Barley tea", Some("보리차"), "KR"),
                    Product("Builder's breakfast tea", None, "GB"),
                    Product("Mountain tea", Some("Τσάι του βουνού"), "GR"),
                ],
            ),
            leaf(
                "Syrups",
                BOTTLES,
                (490, 1_190),
                &[
                    Product("Elderflower cordial", Some("Flädersaft"), "SE"),
                    Product("Hibiscus syrup", Some("شراب الكركديه"), "EG"),
                    Product("Citron honey", Some("유자청"), "KR"),
                    Product("Tamarind syrup", Some("น้ำมะขาม"), "TH"),
                ],
            ),
        ],
    ),
    group(
        "Pantry",
        "Everything that keeps on a shelf",
        &[
            leaf(
                "Oil and vinegar",
                BOTTLES,
                (690, 1_990),
                &[
                    Product("Olive oil, Koroneiki", Some("Ελαιόλαδο Κορωνέικη"), "GR"),
                    Product("Olive oil, Picual", Some("Aceite de oliva picual"), "ES"),
                    Product("Sunflower oil, cold pressed", Some("Соняшникова олія"), "UA"),
                    Product("Toasted sesame oil", Some("참기름"), "KR"),
                    Product("Tarragon vinegar", Some("Vinaigre à l'estragon"), "FR"),
                    Product("Black rice vinegar", Some("香醋"), "CN"),
                ],
            ),
            leaf(
                "Spices",
                JARS,
                (290, 1_890),
                &[
                    Product("Za'atar", Some("זעתר"), "IL"),
                    Product("Cumin, whole", Some("كمون"), "EG"),
                    Product("Green cardamom", Some("हरी इलायची"), "IN"),
                    Product("Sumac", Some("Sumak"), "TR"),
                    Product("Smoked paprika", Some("Pimentón ahumado"), "ES"),
                    Product("Seven spice", Some("七味唐辛子"), "JP"),
                    Product("Chilli flakes", Some("พริกป่น"), "TH"),
                    Product("Caraway", Some("Kmín"), "CZ"),
                ],
            ),
            leaf(
                "Grains and pulses",
                BAGS,
                (190, 690),
                &[
                    Product("Buckwheat, roasted", Some("Гречка"), "UA"),
                    Product("Jasmine rice", Some("ข้าวหอมมะลิ"), "TH"),
                    Product("Red lentils", Some("मसूर दाल"), "IN"),
                    Product("Green spelt", Some("Grünkern"), "DE"),
                    Product("Pearl barley", Some("Kasza pęczak"), "PL"),
                    Product("Black beans", Some("Feijão preto"), "BR"),
                ],
            ),
            leaf(
                "Preserves",
                JARS,
                (340, 990),
                &[
                    Product("Thyme honey", Some("Θυμαρίσιο μέλι"), "GR"),
                    Product("Plum butter", Some("Powidła śliwkowe"), "PL"),
                    Product("Seville marmalade", None, "GB"),
                    Product("Cloudberry jam", Some("Hjortronsylt"), "SE"),
                    Product("Chestnut cream", Some("Crème de marrons"), "FR"),
                    Product("Date spread", Some("ממרח תמרים"), "IL"),
                ],
            ),
            leaf(
                "Sauces",
                BOTTLES,
                (290, 1_290),
                &[
                    Product("Soy sauce, barrel aged", Some("木桶仕込み醤油"), "JP"),
                    Product("Fish sauce", Some("Nước mắm"), "VN"),
                    Product("Chilli paste", Some("고추장"), "KR"),
                    Product("Horseradish relish", Some("Křenová omáčka"), "CZ"),
                ],
            ),
        ],
    ),
    group(
        "Sweets",
        "For the afternoon",
        &[
            leaf(
                "Chocolate",
                TINS,
                (390, 1_290),
                &[
                    Product("Dark chocolate, 72 % cocoa", Some("Chocolate amargo"), "BR"),
                    Product("Milk chocolate with hazelnut", Some("Mléčná čokoláda"), "CZ"),
                    Product("Salted caramel pieces", Some("Caramel au beurre salé"), "FR"),
                    Product("Chilli chocolate", None, "GB"),
                ],
            ),
            leaf(
                "Biscuits",
                BAGS,
                (240, 890),
                &[
                    Product("Gingerbread", Some("Pierniki"), "PL"),
                    Product("Almond shortbread", Some("Polvorones"), "ES"),
                    Product("Spiced speculoos \"Weihnacht\"", Some("Spekulatius"), "DE"),
                    Product("Sesame brittle", Some("Козинаки"), "UA"),
                    Product("Rice crackers", Some("せんべい"), "JP"),
                ],
            ),
            leaf(
                "Confectionery",
                TINS,
                (350, 1_590),
                &[
                    Product("Turkish delight, rose", Some("Gül lokumu"), "TR"),
                    Product("Halva with pistachio", Some("חלבה עם פיסטוק"), "IL"),
                    Product("Candied ginger", Some("姜糖"), "CN"),
                    Product("Stuffed dates", Some("تمر محشي"), "EG"),
                    Product("Coconut candy", Some("Kẹo dừa"), "VN"),
                ],
            ),
        ],
    ),
    group(
        "Home",
        "Made by hand, for the table",
        &[
            leaf(
                "Ceramics",
                PIECES,
                (1_290, 5_900),
                &[
                    Product("Tea bowl, ash glaze", Some("茶碗"), "JP"),
                    Product("Blue and white bowl", Some("青花碗"), "CN"),
                    Product("Stoneware mug", Some("Steinzeugbecher"), "DE"),
                    Product("Glazed tagine", None, "EG"),
                    Product("Celadon dish", Some("청자 접시"), "KR"),
                ],
            ),
            leaf(
                "Soap",
                PIECES,
                (290, 890),
                &[
                    Product("Olive oil soap", Some("Πράσινο σαπούνι"), "GR"),
                    Product("Savon de Marseille", Some("Savon de Marseille"), "FR"),
                    Product("Sandalwood soap", Some("चंदन साबुन"), "IN"),
                    Product("Juniper soap", Some("Enbärstvål"), "SE"),
                ],
            ),
            leaf(
                "Textiles",
                PIECES,
                (990, 4_900),
                &[
                    Product("Linen tea towel", Some("Лляний рушник"), "UA"),
                    Product("Cotton table runner", Some("ผ้าคาดโต๊ะ"), "TH"),
                    Product("Hammam towel", Some("Peştemal"), "TR"),
                    Product("Wool blanket", None, "GB"),
                ],
            ),
        ],
    ),
    Category {
        name: "Services",
        description: Some("Nothing is sold here yet"),
        children: &[],
        products: &[],
        sizes: &[],
        price: (0, 0),
    },
];

/// Sentences for descriptions, one or two a product.
pub(super) const PHRASES: &[&str] = &[
    "Packed by hand in small batches.",
    "Keep cool, dry and out of the sun.",
    "Our buyers visit the maker every year.",
    "A favourite since 1987 – it's our \"house\" choice.",
    "Best within 18 months; contains no additives.",
    "Weight ± 3 %; colour may vary.",
    "Naïve at first, mellow on the palate.",
    "Delivered in a box of recycled card ♻️.",
];
