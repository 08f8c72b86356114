package config

// Type says what values an [Option] takes. It is what the reference calls the option's type.
type Type string

// The types an option can have; see the constructor of the same name.
const (
	TypeDuration Type = "duration"
	TypeInteger  Type = "integer"
	TypeSize     Type = "size"
	TypeBoolean  Type = "boolean"
	TypeString   Type = "string"
	TypeChoice   Type = "choice"
	TypeList     Type = "list"
)

// Unit is the unit numbers of this type are written in: "ms", "bytes", or "" where there is none.
func (t Type) Unit() string {
	switch t {
	case TypeDuration:
		return "ms"
	case TypeSize:
		return "bytes"
	default:
		return ""
	}
}

// isNumber says whether values are whole numbers with bounds.
func (t Type) isNumber() bool {
	return t == TypeDuration || t == TypeInteger || t == TypeSize
}

// wanted completes "… is not", for the error about a value of another type.
func (t Type) wanted() string {
	switch t {
	case TypeDuration:
		return "a whole number of milliseconds"
	case TypeSize:
		return "a whole number of bytes"
	case TypeInteger:
		return "a whole number"
	case TypeBoolean:
		return "true or false"
	default:
		return "a text"
	}
}
