# Messages of the entry rules, one for each error code of wangge-model
# (hyphens for underscores). Each says what is wrong and what to do next.

## Text

text-empty = This field must not be empty. Please fill it in.
text-too-long = The text has { $found } characters; { $limit } are allowed. Please shorten it.
text-nul = Character { $position } cannot be stored. Please delete it and type the text again.
text-direction-override = Character { $position } is an invisible sign that changes the reading direction. Please delete it or type the text by hand.

## Names of the parts of a code

rule-segment =
    { $segment ->
        [object] managed object
        [county] county
        [street] street or town
        [area] area
        [community] community or village
        [grid] grid
        [attribute] kind of grid
       *[other] { $segment }
    }

## Grid codes

grid-code-wrong-length = A grid code has { $expected } digits here; this one has { $found } characters. Please check for missing or extra digits.
grid-code-full-width = Character { $position } is a full-width digit. Please use ordinary digits: { $suggestion }
grid-code-not-digit = Character { $position } is not a digit. Please check the code against the notice board or the list.
grid-code-province-unknown = No province begins with { $province }. Please check the first two digits.
grid-code-street-zero = The street or town part is all zeros. Please enter the code of the street or town.
grid-code-community-zero = The community or village part is all zeros. Please enter the code of the community or village.
grid-code-grid-zero = The number of the grid is all zeros. Please enter its serial number, beginning with 1.
grid-code-part-zero = The part “{ rule-segment }” is all zeros, which this code scheme does not allow. Please check it.
grid-code-attribute-unknown = The kind of grid cannot be { $value }. Please choose one of: { $allowed }.
grid-code-value-not-allowed = The part “{ rule-segment }” cannot be { $value }. Please choose one of: { $allowed }.
grid-code-part-missing = The part “{ rule-segment }” is missing. Please fill it in.
grid-code-part-unknown = This code scheme has no part “{ rule-segment }”. Please leave it empty.
grid-code-part-width = The part “{ rule-segment }” has { $expected } digits; { $found } were given. Please fill up with zeros on the left or check it.

## Configured code schemes

grid-code-scheme-id-missing = The grid code scheme has no id. Please give it one in the configuration.
grid-code-scheme-gap = Part “{ rule-segment }” of the grid code scheme must begin at digit { $expected } and end at or after it. Please correct “from” and “to”.
grid-code-scheme-length-mismatch = The parts of the grid code scheme cover { $covered } digits, but its length is { $length }. Please make them agree.
grid-code-scheme-segment-twice = Part “{ rule-segment }” stands twice in the grid code scheme. Please remove one.
grid-code-scheme-segment-missing = The grid code scheme has no part “{ rule-segment }”. Please add it; county, street, community and grid are required.
grid-code-scheme-county-width = The county part of the grid code scheme must have 6 digits. Please correct “from” and “to”.
grid-code-scheme-allowed-value = The allowed value { $value } of part “{ rule-segment }” must be exactly { $width } digits. Please correct it.

## Division codes

division-code-wrong-length = A division code has 2, 4, 6, 9 or 12 digits; this one has { $found } characters. Please check it.
division-code-full-width = Character { $position } is a full-width digit. Please use ordinary digits.
division-code-not-digit = Character { $position } is not a digit. Please check the code.
division-code-province-unknown = No province begins with { $province }. Please check the first two digits.
division-code-street-zero = The street or town part is 000. Please leave the zeros out or enter the code of the street.
division-code-village-zero = The community or village part is 000. Please leave the zeros out or enter the code of the village.

## Citizen numbers

citizen-id-empty = There is no citizen number. Please enter it, or choose another document.
citizen-id-wrong-length = A citizen number has 18 characters; this one has { $found }. Please compare it with the card.
citizen-id-full-width = Character { $position } is a full-width character. Please switch to ordinary digits and enter it again.
citizen-id-wrong-character = Character { $position } must be a digit (the last one may be X). Please compare it with the card.
citizen-id-province-unknown = No province has the first two digits. Please compare them with the card.
citizen-id-county-never-assigned = This number is made up for practice and cannot be stored here. Please enter the number on the card.
citizen-id-birth-date-invalid = The birth date in the number does not exist. Please check characters 7 to 14 against the card.
citizen-id-birth-date-too-early = The birth year in the number is too early. Please check characters 7 to 10 against the card.
citizen-id-birth-date-in-future = The birth date in the number is in the future. Please check characters 7 to 14, and the date of this device.
citizen-id-check-character-wrong = The last character does not fit the others, so at least one is mistyped. Please compare the whole number with the card.
citizen-id-old-number = This is an old number with 15 digits. Please check the new number with 18 characters that is offered, and accept it if it is right.

## Telephone numbers

phone-number-empty = There is no telephone number. Please enter it.
phone-number-full-width = Character { $position } is a full-width character. Please switch to ordinary digits and enter it again.
phone-number-wrong-character = Character { $position } does not belong in a Chinese telephone number. Please enter digits only; +86 in front is fine.
phone-number-mobile-wrong-length = A mobile number has 11 digits; this one has { $found }. Please check it.
phone-number-mobile-prefix = A mobile number begins with 13 to 19. Please check it, or enter a landline with its area code.
phone-number-landline-area-code = Please put the area code in front of a landline number, such as 0531.
phone-number-landline-wrong-length = After the area code come 7 or 8 digits; here are { $found }. Please check the number.

## Credit codes

credit-code-empty = There is no unified social credit code. Please enter it.
credit-code-wrong-length = A unified social credit code has 18 characters; this one has { $found }. Please compare it with the licence.
credit-code-full-width = Character { $position } is a full-width character. Please switch to ordinary letters and digits.
credit-code-wrong-character = Character { $position } cannot stand there. The letters I, O, S, V and Z are never used, and characters 3 to 8 are digits: please check for 1, 0, 5, U and 2.
credit-code-check-character-wrong = The last character does not fit the others, so at least one is mistyped. Please compare the whole code with the licence.

## Permits and passports

permit-empty = There is no document number. Please enter it.
permit-full-width = Character { $position } is a full-width character. Please switch to ordinary letters and digits.
permit-hk-macao-travel-permit-shape = This travel permit has H or M and 8 digits (10 on old cards). Please compare it with the card.
permit-taiwan-travel-permit-shape = This travel permit has 8 digits (10 in old booklets). Please compare it with the card.
permit-hk-macao-taiwan-residence-permit-shape = This residence permit has 18 characters and begins with 810000, 820000 or 830000. Please compare it with the card.
permit-foreigner-permanent-residence-shape = A permanent residence card has 18 characters beginning with 9, or on old cards 3 letters and 12 digits. Please compare it with the card.
permit-chinese-passport-shape = This is not the form of a Chinese passport number, such as E and 8 digits. Please compare it with the passport.
permit-foreign-passport-shape = A passport number has 5 to 20 letters and digits without spaces. Please compare it with the passport.
permit-check-character-wrong = The last character does not fit the others, so at least one is mistyped. Please compare the whole number with the card.

## Plates

plate-empty = There is no plate number. Please enter it.
plate-full-width = Character { $position } is a full-width character. Please switch to ordinary letters and digits.
plate-province-unknown = A plate begins with the character of a province, such as 鲁. Please check the first character.
plate-wrong-length = A plate has 7 characters, or 8 for new-energy vehicles; this one has { $found }. Please check it.
plate-wrong-character = Character { $position } cannot stand there; the letters I and O are never used. Please check the plate.

## Points on the map

point-not-a-number = The position is not a number. Please locate again.
point-zero = The device has no position yet. Please wait for a fix in the open, or set the point on the map.
point-outside-china = The position lies outside China. Please locate again or set the point on the map.
point-accuracy-invalid = The accuracy must be a number of metres, 0 or more. Please locate again.
