// SPDX-License-Identifier: BSD-3-Clause
//
// What cgo cannot express itself: HDF5's constants are macros that call
// functions, the error stack is walked by a callback, and a variable-length
// string is passed as a pointer to a pointer.

#ifndef COLUMEN_H5GLUE_H
#define COLUMEN_H5GLUE_H

#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { H5G_MESSAGE_BYTES = 2048 };

// h5g_append adds the description of one stack frame to the message.
static inline herr_t h5g_append(unsigned n, const H5E_error2_t *e, void *data)
{
    char *msg = data;
    size_t used = strlen(msg);
    const char *desc = e->desc ? e->desc : "";
    if (desc[0] == '\0')
        return 0;
    if (used + 3 < H5G_MESSAGE_BYTES)
        snprintf(msg + used, H5G_MESSAGE_BYTES - used, "%s%s", used ? "\n" : "", desc);
    (void)n;
    return 0;
}

// h5g_message puts the error stack, outermost frame first, one per line.
static inline void h5g_message(char *msg)
{
    msg[0] = '\0';
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, h5g_append, msg);
    H5Eclear2(H5E_DEFAULT);
}

// h5g_quiet stops HDF5 from printing errors itself. The setting belongs to the
// calling thread where the library is built thread-safe.
static inline void h5g_quiet(void) { H5Eset_auto2(H5E_DEFAULT, NULL, NULL); }

// h5g_hold and h5g_release keep the reason of a failure while the handles of the
// failed operation are closed: every API call clears the stack when it enters.
static inline hid_t h5g_hold(int failed) { return failed ? H5Eget_current_stack() : -1; }

static inline void h5g_release(hid_t stack)
{
    if (stack >= 0)
        H5Eset_current_stack(stack);
}

static inline hid_t h5g_native(int bytes) { return bytes == 4 ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE; }
static inline hid_t h5g_stored(int bytes) { return bytes == 4 ? H5T_IEEE_F32LE : H5T_IEEE_F64LE; }
static inline hid_t h5g_int64(void) { return H5T_STD_I64LE; }
static inline hid_t h5g_native_int64(void) { return H5T_NATIVE_INT64; }

// h5g_create makes a file whose bytes depend on its content alone.
static inline hid_t h5g_create(const char *path)
{
    hid_t fcpl = H5Pcreate(H5P_FILE_CREATE), fapl = H5Pcreate(H5P_FILE_ACCESS), id = -1;
    if (fcpl >= 0 && fapl >= 0 && H5Pset_obj_track_times(fcpl, 0) >= 0 &&
        H5Pset_fclose_degree(fapl, H5F_CLOSE_STRONG) >= 0)
        id = H5Fcreate(path, H5F_ACC_TRUNC, fcpl, fapl);
    hid_t held = h5g_hold(id < 0);
    if (fcpl >= 0)
        H5Pclose(fcpl);
    if (fapl >= 0)
        H5Pclose(fapl);
    h5g_release(held);
    return id;
}

static inline hid_t h5g_open(const char *path)
{
    hid_t fapl = H5Pcreate(H5P_FILE_ACCESS), id = -1;
    if (fapl >= 0 && H5Pset_fclose_degree(fapl, H5F_CLOSE_STRONG) >= 0)
        id = H5Fopen(path, H5F_ACC_RDONLY, fapl);
    hid_t held = h5g_hold(id < 0);
    if (fapl >= 0)
        H5Pclose(fapl);
    h5g_release(held);
    return id;
}

static inline hid_t h5g_group(hid_t file, const char *name)
{
    hid_t gcpl = H5Pcreate(H5P_GROUP_CREATE), id = -1;
    if (gcpl >= 0 && H5Pset_obj_track_times(gcpl, 0) >= 0)
        id = H5Gcreate2(file, name, H5P_DEFAULT, gcpl, H5P_DEFAULT);
    hid_t held = h5g_hold(id < 0);
    if (gcpl >= 0)
        H5Pclose(gcpl);
    h5g_release(held);
    return id;
}

// h5g_dataset creates a dataset; rank 0 makes a scalar, and chunk is NULL for
// contiguous storage.
static inline hid_t h5g_dataset(hid_t file, const char *name, int bytes, int rank, const hsize_t *dims,
                         const hsize_t *chunk, int shuffle, int deflate)
{
    hid_t space = H5Screate_simple(rank, dims, NULL), dcpl = H5Pcreate(H5P_DATASET_CREATE), id = -1;
    int ok = space >= 0 && dcpl >= 0 && H5Pset_obj_track_times(dcpl, 0) >= 0;
    if (ok && chunk)
        ok = H5Pset_chunk(dcpl, rank, chunk) >= 0;
    if (ok && shuffle)
        ok = H5Pset_shuffle(dcpl) >= 0;
    if (ok && deflate > 0)
        ok = H5Pset_deflate(dcpl, (unsigned)deflate) >= 0;
    if (ok)
        id = H5Dcreate2(file, name, h5g_stored(bytes), space, H5P_DEFAULT, dcpl, H5P_DEFAULT);
    hid_t held = h5g_hold(id < 0);
    if (dcpl >= 0)
        H5Pclose(dcpl);
    if (space >= 0)
        H5Sclose(space);
    h5g_release(held);
    return id;
}

// h5g_transfer moves one hyperslab between memory and a dataset; a scalar has no
// hyperslabs and moves whole.
static inline herr_t h5g_transfer(hid_t ds, int write, int bytes, int rank, const hsize_t *offset,
                           const hsize_t *count, void *data)
{
    hid_t space = H5Dget_space(ds), mem = H5Screate_simple(rank, count, NULL);
    herr_t rc = -1;
    if (space >= 0 && mem >= 0 &&
        (rank == 0 || H5Sselect_hyperslab(space, H5S_SELECT_SET, offset, NULL, count, NULL) >= 0))
        rc = write ? H5Dwrite(ds, h5g_native(bytes), mem, space, H5P_DEFAULT, data)
                   : H5Dread(ds, h5g_native(bytes), mem, space, H5P_DEFAULT, data);
    hid_t held = h5g_hold(rc < 0);
    if (mem >= 0)
        H5Sclose(mem);
    if (space >= 0)
        H5Sclose(space);
    h5g_release(held);
    return rc;
}

// h5g_read_int64 reads a whole dataset of integers.
static inline herr_t h5g_read_int64(hid_t ds, void *data)
{
    return H5Dread(ds, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
}

// h5g_read_strings reads a dataset of n strings into a block of n fields of
// *width bytes, each ended by a NUL, that the caller frees, or returns NULL.
static inline char *h5g_read_strings(hid_t ds, size_t n, size_t *width)
{
    hid_t type = H5Dget_type(ds), space = H5Dget_space(ds), mem = -1;
    char *out = NULL, **list = NULL;
    if (type >= 0 && space >= 0 && H5Tis_variable_str(type) > 0) {
        list = calloc(n, sizeof *list);
        mem = H5Tcopy(H5T_C_S1);
        if (list && mem >= 0 && H5Tset_size(mem, H5T_VARIABLE) >= 0 && H5Tset_cset(mem, H5Tget_cset(type)) >= 0 &&
            H5Dread(ds, mem, H5S_ALL, H5S_ALL, H5P_DEFAULT, list) >= 0) {
            *width = 1;
            for (size_t i = 0; i < n; i++)
                if (list[i] && strlen(list[i]) + 1 > *width)
                    *width = strlen(list[i]) + 1;
            out = calloc(n, *width);
            for (size_t i = 0; out && i < n; i++)
                if (list[i])
                    strcpy(out + i * *width, list[i]);
            H5Dvlen_reclaim(mem, space, H5P_DEFAULT, list);
        }
        free(list);
    } else if (type >= 0 && space >= 0) {
        size_t size = H5Tget_size(type);
        *width = size + 1;
        out = calloc(n, *width);
        mem = H5Tcopy(type);
        // In the file the fields are size bytes wide: read them, then spread them from the last.
        if (!out || mem < 0 || H5Dread(ds, mem, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) < 0) {
            free(out);
            out = NULL;
        }
        for (size_t i = n; out && i-- > 0;) {
            memmove(out + i * *width, out + i * size, size);
            out[i * *width + size] = '\0';
        }
    }
    hid_t held = h5g_hold(out == NULL);
    if (mem >= 0)
        H5Tclose(mem);
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    h5g_release(held);
    return out;
}

static inline hid_t h5g_open_dataset(hid_t file, const char *name) { return H5Dopen2(file, name, H5P_DEFAULT); }
static inline hid_t h5g_open_object(hid_t file, const char *name) { return H5Oopen(file, name, H5P_DEFAULT); }

static inline hid_t h5g_create_attr(hid_t obj, const char *name, hid_t type, hid_t space)
{
    return H5Acreate2(obj, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
}

static inline hid_t h5g_open_attr(hid_t obj, const char *name) { return H5Aopen(obj, name, H5P_DEFAULT); }

// h5g_string_type is variable-length UTF-8, which h5py returns as str and
// which has no 64 KiB limit.
static inline hid_t h5g_string_type(void)
{
    hid_t t = H5Tcopy(H5T_C_S1);
    if (t >= 0 && (H5Tset_size(t, H5T_VARIABLE) < 0 || H5Tset_cset(t, H5T_CSET_UTF8) < 0)) {
        H5Tclose(t);
        return -1;
    }
    return t;
}

static inline hid_t h5g_scalar(void) { return H5Screate(H5S_SCALAR); }
static inline hid_t h5g_vector(hsize_t n) { return H5Screate_simple(1, &n, NULL); }

static inline herr_t h5g_write_string(hid_t attr, hid_t type, const char *s) { return H5Awrite(attr, type, &s); }

// h5g_read_string returns a string that the caller frees, or NULL.
static inline char *h5g_read_string(hid_t attr)
{
    hid_t type = H5Aget_type(attr), mem = -1;
    char *out = NULL;
    if (type < 0)
        return NULL;
    if (H5Tis_variable_str(type) > 0) {
        char *s = NULL;
        mem = H5Tcopy(H5T_C_S1);
        if (mem >= 0 && H5Tset_size(mem, H5T_VARIABLE) >= 0 && H5Tset_cset(mem, H5Tget_cset(type)) >= 0 &&
            H5Aread(attr, mem, &s) >= 0) {
            out = strdup(s ? s : "");
            if (s)
                H5free_memory(s);
        }
    } else {
        size_t n = H5Tget_size(type);
        out = calloc(n + 1, 1);
        mem = H5Tcopy(type);
        if (!out || mem < 0 || H5Aread(attr, mem, out) < 0) {
            free(out);
            out = NULL;
        } else if (H5Tget_strpad(type) == H5T_STR_SPACEPAD) {
            while (n > 0 && out[n - 1] == ' ')
                out[--n] = '\0';
        }
    }
    if (mem >= 0)
        H5Tclose(mem);
    H5Tclose(type);
    return out;
}

// h5g_group_size returns the number of members of a group, or -1.
static inline long long h5g_group_size(hid_t file, const char *group)
{
    H5G_info_t info;
    if (H5Gget_info_by_name(file, group, &info, H5P_DEFAULT) < 0)
        return -1;
    return (long long)info.nlinks;
}

static inline ssize_t h5g_member_name(hid_t file, const char *group, hsize_t i, char *name, size_t size)
{
    return H5Lget_name_by_idx(file, group, H5_INDEX_NAME, H5_ITER_INC, i, name, size, H5P_DEFAULT);
}

static inline ssize_t h5g_attr_name(hid_t obj, hsize_t i, char *name, size_t size)
{
    return H5Aget_name_by_idx(obj, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, size, H5P_DEFAULT);
}

static inline int h5g_exists(hid_t file, const char *name) { return H5Lexists(file, name, H5P_DEFAULT) > 0; }

#endif
