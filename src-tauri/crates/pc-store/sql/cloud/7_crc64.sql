-- What a download is held to: a checksum that costs next to nothing, where MD5 is slower than a network.
ALTER TABLE files ADD COLUMN crc64 TEXT;
