package object

// IsEncrypted reports whether SOPS has encrypted an object: it has the metadata
// that SOPS adds at the top level.
func IsEncrypted(obj map[string]any) bool {
	sops := Map(obj, "sops")
	return sops["mac"] != nil || sops["version"] != nil
}
