#!/bin/sh
# Makes the fonts of the patron's screen: packaging/fonts.sh FOLDER. They are parts of the Noto fonts of Debian, with the letters
# that patrons' languages need; kiosk/web/fonts.go tells the page which font has which letters. The same Debian packages give the
# same bytes.
set -eu
folder=$(realpath -m "$1")
cd "$(dirname "$0")/.."
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}" LC_ALL=C.UTF-8
noto=/usr/share/fonts/truetype/noto cjk=/usr/share/fonts/opentype/noto
mkdir -p "$folder"
install -m 644 /usr/share/doc/fonts-noto-core/copyright "$folder/copyright.noto" # the licence goes with the fonts

# subset NAME FONT OPTION... writes FOLDER/NAME.woff2 with the letters that the options name.
subset() {
	name=$1 font=$2
	shift 2
	/usr/bin/python3 -m fontTools.subset "$font" "$@" --flavor=woff2 --layout-features='*' --name-IDs='*' --no-hinting --output-file="$folder/$name.woff2"
	chmod 644 "$folder/$name.woff2"
}

# Whole blocks: Latin with its additions, Cyrillic, punctuation, currency signs, arrows and mathematical signs.
letters=U+0020-024F,U+0259,U+02B0-02FF,U+0300-036F,U+0400-052F,U+1E00-1EFF,U+2000-206F,U+20A0-20CF,U+2100-214F,U+2190-2193,U+2212
arabic=U+0600-06FF,U+0750-077F,U+08A0-08FF,U+200C-200F,U+FB50-FDFF,U+FE70-FEFF
for weight in Regular Bold; do
	subset NotoSans-$weight $noto/NotoSans-$weight.ttf --unicodes=$letters
	subset NotoSansArabic-$weight $noto/NotoSansArabic-$weight.ttf --unicodes=$arabic
done

# Chinese: the letters of the screen's own texts, and for what the library writes the 3,755 commonest (GB 2312, level 1). Bold ones
# stand only where the texts are the screen's own; Debian keeps five languages in each file, and the third is simplified Chinese.
common=$(/usr/bin/python3 -c 'print("".join(bytes((row, cell)).decode("gb2312", "ignore") for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF)))')
own=$(cat kiosk/text/catalogue/zh.toml)
subset NotoSansSC-Regular $cjk/NotoSansCJK-Regular.ttc --font-number=2 --unicodes=U+3000-303F,U+FF00-FFEF --text="$common$own" --desubroutinize
subset NotoSansSC-Bold $cjk/NotoSansCJK-Bold.ttc --font-number=2 --unicodes=U+3000-303F,U+FF00-FFEF --text="$own" --desubroutinize
