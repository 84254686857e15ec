package demo

// text is something said in both languages.
type text struct{ EN, ZH string }

// in returns the text in one language.
func (t text) in(lang string) string {
	if lang == chinese {
		return t.ZH
	}
	return t.EN
}

// both returns the text in both languages, for where there is room for one only.
func (t text) both() string { return t.EN + " · " + t.ZH }

// The languages.
const (
	english = "en"
	chinese = "zh-CN"
)

// shop is one of the merchants.
type shop struct {
	UID    string
	Name   text
	About  text
	Agents []agent
}

// agent is somebody of a shop's staff.
type agent struct {
	ID   string
	Name text
}

// buyer is one of those whom a visitor can be.
type buyer struct {
	Key  string // in the address
	UID  string
	Name text
}

// product is something that looks as if it were for sale.
type product struct {
	ID      string
	Shop    string // the merchant's uid
	Title   text
	About   text
	Cents   int64 // CNY
	Stock   int64 // -1: not counted
	Virtual bool
}

func buyers() []buyer {
	return []buyer{
		{"a", "U_1", text{"Lin Xia", "林夏"}},
		{"b", "U_2", text{"Sam Park", "朴森"}},
	}
}

func shops() []shop {
	return []shop{
		{
			"E_1",
			text{"Kiln & Cloud", "云窑"},
			text{"Stoneware, linen and wool from two rooms above the river.", "河边两间屋子里的陶器、亚麻与羊毛。"},
			[]agent{{"yun", text{"Yun", "小云"}}, {"otto", text{"Otto", "阿图"}}},
		},
		{
			"E_2",
			text{"Second Light", "旧光铺"},
			text{"Old cameras, lamps and clocks, taken apart and put right.", "旧相机、旧灯与旧钟，拆开修好，再亮一次。"},
			[]agent{{"nora", text{"Nora", "诺拉"}}, {"wei", text{"Wei", "阿伟"}}},
		},
		{
			"V_1",
			text{"Nightjar Games", "夜莺游戏"},
			text{"Top-ups and passes, delivered while you wait.", "点卡与月卡，付款即到。"},
			[]agent{{"mei", text{"Mei", "小梅"}}, {"tom", text{"Tom", "阿唐"}}},
		},
		{
			"V_2",
			text{"Paper Boat Press", "纸船书社"},
			text{"E-books and slow courses, from people who write by hand first.", "电子书与慢课程，作者们都先用手写。"},
			[]agent{{"ines", text{"Ines", "伊内"}}, {"hao", text{"Hao", "阿浩"}}},
		},
	}
}

func products() []product {
	return []product{
		{
			"1001", "E_1",
			text{"Celadon mug", "青瓷马克杯"},
			text{"Thrown by hand and glazed three times. No two have the same green. Holds 320 ml; dishwashers do it no harm.", "手工拉坯，三次上釉，每一只的青色都不相同。容量 320 毫升，可进洗碗机。"},
			12_800, 24, false,
		},
		{
			"1002", "E_2",
			text{"35 mm camera, 1974", "1974 年胶片相机"},
			text{"Shutter timed on all speeds, new light seals, a lens without a scratch. Comes with one roll of film.", "快门全速校准，换新遮光海绵，镜头无划痕。附赠一卷胶片。"},
			168_000, 1, false,
		},
		{
			"1003", "V_1",
			text{"Star Ferry, 648 crystals", "《星渡》648 星晶"},
			text{"For all servers. The code arrives by chat within a minute and never expires.", "全服通用，一分钟内聊天发码，永久有效。"},
			9_900, -1, true,
		},
		{
			"1004", "V_2",
			text{"Letters on Salt, e-book", "电子书《盐上来信》"},
			text{"Forty letters from a lighthouse keeper. EPUB and PDF, to keep, on as many readers as you like.", "一位守塔人的四十封信。EPUB 与 PDF 双格式，不限设备，永久保存。"},
			3_600, -1, true,
		},
		{
			"1005", "E_1",
			text{"Linen shirt, undyed", "原色亚麻衬衫"},
			text{"Washed linen in the colour it grows in. Sizes S to XL; ask us for your measure.", "水洗亚麻，保留植物本来的颜色。S 至 XL，尺码可以问我们。"},
			39_800, 16, false,
		},
		{
			"1006", "E_2",
			text{"Reading lamp, brass", "黄铜阅读灯"},
			text{"A reading lamp of the sixties with a new cable and a warm bulb. The arm stays where you put it.", "六十年代的阅读灯，换了新线与暖光灯泡，灯臂停在您放的位置。"},
			45_900, 4, false,
		},
		{
			"1007", "V_1",
			text{"Star Ferry, monthly pass", "《星渡》月卡"},
			text{"Ninety crystals a day, for thirty days. Can be stacked up to half a year.", "每日 90 星晶，连领三十天，最多可叠加半年。"},
			3_000, -1, true,
		},
		{
			"1008", "E_1",
			text{"Teapot for two", "双人茶壶"},
			text{"Iron-rich clay, a spout that does not drip, and a lid that stays on. 450 ml.", "含铁陶土，断水利落，壶盖稳当。450 毫升。"},
			26_800, 3, false,
		},
		{
			"1009", "V_2",
			text{"Watercolour in ten evenings", "十个晚上学水彩"},
			text{"Ten lessons of forty minutes, a list of the few things you need, and a teacher who answers.", "十节四十分钟的课，一张很短的材料清单，和一位会回复您的老师。"},
			19_900, -1, true,
		},
		{
			"1010", "E_2",
			text{"Desk clock, wound by hand", "手上弦座钟"},
			text{"Runs eight days, a minute slow at most. You can hear it, but only if you listen.", "一次上弦走八天，误差不过一分钟。听得见，但要静下来听。"},
			23_600, 2, false,
		},
		{
			"1011", "E_1",
			text{"Wool throw, two greys", "双灰羊毛毯"},
			text{"130 by 180 cm of lambswool, woven loosely so that it is light and warm.", "130×180 厘米羔羊毛，织得松，轻而暖。"},
			52_000, 9, false,
		},
		{
			"1012", "V_2",
			text{"Field recordings: rain", "声音采集：雨"},
			text{"Three hours of rain on a tin roof, a bamboo grove and an umbrella. Lossless, for sleeping or working to.", "铁皮屋顶、竹林与伞上的雨，三个小时，无损音质，适合入睡与工作。"},
			2_800, -1, true,
		},
	}
}
