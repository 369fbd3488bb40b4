/*
 * Put in the place of the host's getrandom in arch/um/os-Linux/util.c, so that a
 * guest draws the same random numbers in every run. SplitMix64 (Steele, Lea and
 * Flood, OOPSLA 2014), started from a constant. Nothing in a guest is secret.
 */
static ssize_t repeatable_random(void *buf, size_t len)
{
	static unsigned long long state = 0x436f727269646f72ULL;
	unsigned char *out = buf;
	unsigned long long word = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (i % 8 == 0) {
			state += 0x9e3779b97f4a7c15ULL;
			word = state;
			word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9ULL;
			word = (word ^ (word >> 27)) * 0x94d049bb133111ebULL;
			word ^= word >> 31;
		}
		out[i] = word >> (8 * (i % 8));
	}
	return len;
}

