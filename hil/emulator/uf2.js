/** UF2, the file format of a Pico's image: 512-byte blocks, each with 256 bytes and their address. */
const BLOCK_BYTES = 512;
const MAGIC = [0x0a324655, 0x9e5d5157];
const MAGIC_END = 0x0ab16f30;
const FAMILY_RP2040 = 0xe48bff56;
const FLASH_START = 0x10000000;
const BOOT2_BYTES = 252;

/** @param {Uint8Array} file @returns {Uint8Array} the flash's contents from its start. Throws on any other format. */
export function flashOf(file) {
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    if (!file.length || file.length % BLOCK_BYTES) {
        throw new Error(`not a UF2 file: ${file.length} bytes`);
    }
    const blocks = [];
    for (let at = 0; at < file.length; at += BLOCK_BYTES) {
        const word = (offset) => view.getUint32(at + offset, true);
        if (word(0) !== MAGIC[0] || word(4) !== MAGIC[1] || word(508) !== MAGIC_END) {
            throw new Error(`not a UF2 file: no block at ${at}`);
        }
        if (word(28) !== FAMILY_RP2040) {
            throw new Error(`UF2 of another family: ${word(28).toString(16)}`);
        }
        blocks.push({ at: word(12) - FLASH_START, bytes: file.subarray(at + 32, at + 32 + word(16)) });
    }
    const image = new Uint8Array(Math.max(...blocks.map(({ at, bytes }) => at + bytes.length))).fill(0xff);
    blocks.forEach(({ at, bytes }) => image.set(bytes, at));
    if (crc32Mpeg2(image.subarray(0, BOOT2_BYTES)) !== new DataView(image.buffer).getUint32(BOOT2_BYTES, true)) {
        throw new Error('the second stage’s checksum is wrong: a real boot ROM would not start this image');
    }
    return image;
}

/** The boot ROM's check of the second stage (RP2040 datasheet, 2.8.1.3.1). @param {Uint8Array} bytes */
function crc32Mpeg2(bytes) {
    let crc = 0xffffffff;
    for (const byte of bytes) {
        crc ^= byte << 24;
        for (let bit = 0; bit < 8; bit++) {
            crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
        }
    }
    return crc >>> 0;
}
