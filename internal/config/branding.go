package config

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"haggle/internal/brand"
)

const (
	maxBrandName = 40
	maxLogoBytes = 256 << 10
)

// Branding is how the shop wants the chat to look.
type Branding struct {
	BrandName   string `group:"The shop's looks" help:"What the chat is called, in the title and beside the logo." placeholder:"TEXT"`
	BrandAccent string `group:"The shop's looks" help:"Accent colour. All others are derived from it so that text stays readable, in light and dark." placeholder:"#rrggbb"`
	BrandRadius string `group:"The shop's looks" help:"Radius of the largest round corners in pixels, 0 to 28. The chat's own is 18." placeholder:"N"`
	BrandLogo   string `group:"The shop's looks" help:"The shop's logo: an https:// address, or a PNG, JPEG, WebP, GIF or SVG file of 256 KiB or less." placeholder:"URL|FILE"`
}

// Brand returns what is set. A logo in a file is not yet in it.
func (b *Branding) Brand() (brand.Brand, error) {
	out := brand.Brand{Name: b.BrandName}
	if b.BrandAccent != "" {
		c, err := brand.ParseColour(b.BrandAccent)
		if err != nil {
			return out, fmt.Errorf("--brand-accent: %w", err)
		}
		out.Accent = &c
	}
	if b.BrandRadius != "" {
		r, err := strconv.Atoi(strings.TrimSuffix(b.BrandRadius, "px"))
		if err != nil || r < 0 || r > brand.MaxRadius {
			return out, fmt.Errorf("--brand-radius is %q, allowed is 0 to %d", b.BrandRadius, brand.MaxRadius)
		}
		out.Radius = &r
	}
	if u, err := url.Parse(b.BrandLogo); err == nil && u.Scheme == "https" && u.Host != "" {
		out.Logo = b.BrandLogo
	}
	return out, nil
}

// LogoFile returns the logo's file and type; "" where there is none, or elsewhere.
func (b *Branding) LogoFile() (data []byte, mimeType string, err error) {
	if b.BrandLogo == "" || strings.Contains(b.BrandLogo, "://") {
		return nil, "", nil
	}
	types := map[string]string{
		".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp", ".gif": "image/gif", ".svg": "image/svg+xml",
	}
	for suffix, known := range types {
		if strings.HasSuffix(strings.ToLower(b.BrandLogo), suffix) {
			mimeType = known
		}
	}
	if mimeType == "" {
		return nil, "", fmt.Errorf("--brand-logo: %q is neither an https:// address nor a PNG, JPEG, WebP, GIF or SVG file", b.BrandLogo)
	}
	info, err := os.Stat(b.BrandLogo)
	if err == nil && info.Size() > maxLogoBytes {
		return nil, "", fmt.Errorf("--brand-logo: %s has %d bytes, allowed are %d", b.BrandLogo, info.Size(), maxLogoBytes)
	}
	if err == nil {
		data, err = os.ReadFile(b.BrandLogo)
	}
	if err != nil {
		return nil, "", fmt.Errorf("--brand-logo: %w", err)
	}
	return data, mimeType, nil
}

func (b *Branding) checkBranding() error {
	_, err := b.Brand()
	errs := []error{err}
	if _, _, err := b.LogoFile(); err != nil {
		errs = append(errs, err)
	}
	if u, err := url.Parse(b.BrandLogo); strings.Contains(b.BrandLogo, "://") && (err != nil || u.Scheme != "https" || u.Host == "") {
		errs = append(errs, fmt.Errorf("--brand-logo: %q is no https:// address", b.BrandLogo))
	}
	if utf8.RuneCountInString(b.BrandName) > maxBrandName {
		errs = append(errs, fmt.Errorf("--brand-name has more than %d characters", maxBrandName))
	}
	return errors.Join(errs...)
}
