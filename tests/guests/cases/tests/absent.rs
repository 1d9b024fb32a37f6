//! Two hundred tests that would see each other if anything leaked from one to the next.

use guest::{get, store};

fn check() {
    let bucket = store::open("store").unwrap();
    assert_eq!(bucket.get("key").unwrap(), None);
    bucket.set("key", b"value").unwrap();
    assert_eq!(get("/count/visits").body, "1");
    assert_eq!(get("/get/key").body, "value");
}

macro_rules! two_hundred {
    ($($name:ident)*) => { $(#[test] fn $name() { check(); })* };
}

two_hundred! {
    absent_000 absent_001 absent_002 absent_003 absent_004 absent_005 absent_006 absent_007 absent_008 absent_009
    absent_010 absent_011 absent_012 absent_013 absent_014 absent_015 absent_016 absent_017 absent_018 absent_019
    absent_020 absent_021 absent_022 absent_023 absent_024 absent_025 absent_026 absent_027 absent_028 absent_029
    absent_030 absent_031 absent_032 absent_033 absent_034 absent_035 absent_036 absent_037 absent_038 absent_039
    absent_040 absent_041 absent_042 absent_043 absent_044 absent_045 absent_046 absent_047 absent_048 absent_049
    absent_050 absent_051 absent_052 absent_053 absent_054 absent_055 absent_056 absent_057 absent_058 absent_059
    absent_060 absent_061 absent_062 absent_063 absent_064 absent_065 absent_066 absent_067 absent_068 absent_069
    absent_070 absent_071 absent_072 absent_073 absent_074 absent_075 absent_076 absent_077 absent_078 absent_079
    absent_080 absent_081 absent_082 absent_083 absent_084 absent_085 absent_086 absent_087 absent_088 absent_089
    absent_090 absent_091 absent_092 absent_093 absent_094 absent_095 absent_096 absent_097 absent_098 absent_099
    absent_100 absent_101 absent_102 absent_103 absent_104 absent_105 absent_106 absent_107 absent_108 absent_109
    absent_110 absent_111 absent_112 absent_113 absent_114 absent_115 absent_116 absent_117 absent_118 absent_119
    absent_120 absent_121 absent_122 absent_123 absent_124 absent_125 absent_126 absent_127 absent_128 absent_129
    absent_130 absent_131 absent_132 absent_133 absent_134 absent_135 absent_136 absent_137 absent_138 absent_139
    absent_140 absent_141 absent_142 absent_143 absent_144 absent_145 absent_146 absent_147 absent_148 absent_149
    absent_150 absent_151 absent_152 absent_153 absent_154 absent_155 absent_156 absent_157 absent_158 absent_159
    absent_160 absent_161 absent_162 absent_163 absent_164 absent_165 absent_166 absent_167 absent_168 absent_169
    absent_170 absent_171 absent_172 absent_173 absent_174 absent_175 absent_176 absent_177 absent_178 absent_179
    absent_180 absent_181 absent_182 absent_183 absent_184 absent_185 absent_186 absent_187 absent_188 absent_189
    absent_190 absent_191 absent_192 absent_193 absent_194 absent_195 absent_196 absent_197 absent_198 absent_199
}
